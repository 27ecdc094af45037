//! Lists and their pages: outboxes, followers, likes. A list elsewhere may claim any length; how many of its pages are fetched is for the caller
//! to bound.

use names::ObjectUri;
use serde_json::Value;

use crate::Unreadable;
use crate::context::Context;
use crate::fields::{Fields, Writer, vocabulary};
use crate::subject::Subject;

/// The most elements that are kept of one page.
const MAX_ITEMS: usize = 1000;

/// Whether the order of a list means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest is the first.
    Ordered,
    /// There is none.
    Unordered,
}

impl Order {
    fn read(fields: &Fields) -> Self {
        if fields.kind().starts_with("Ordered") {
            Self::Ordered
        } else {
            Self::Unordered
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Ordered => "orderedItems",
            Self::Unordered => "items",
        }
    }
}

/// A list.
#[derive(Debug, Clone, PartialEq)]
pub struct Collection {
    /// Its id.
    pub id: Option<ObjectUri>,
    /// Whether its order means something.
    pub order: Order,
    /// How many elements it says it has.
    pub total: Option<u64>,
    /// The address of its first page.
    pub first: Option<ObjectUri>,
    /// The first page itself, where it comes along.
    pub page: Option<Box<Page>>,
    /// Elements without pages.
    pub items: Vec<Subject>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Its id.
    pub id: Option<ObjectUri>,
    /// Whether its order means something.
    pub order: Order,
    /// The list.
    pub part_of: Option<ObjectUri>,
    /// The page after it.
    pub next: Option<ObjectUri>,
    /// The page before it.
    pub previous: Option<ObjectUri>,
    /// How many elements the list says it has.
    pub total: Option<u64>,
    /// Its elements.
    pub items: Vec<Subject>,
}

impl Collection {
    /// An ordered list of this many elements, in pages.
    pub fn new(id: ObjectUri, total: u64, first: Option<ObjectUri>) -> Self {
        Self {
            id: Some(id),
            order: Order::Ordered,
            total: Some(total),
            first,
            page: None,
            items: Vec::new(),
        }
    }

    pub(crate) fn read(mut fields: Fields) -> Result<Self, Unreadable> {
        fields.expect("a collection", &["Collection", "OrderedCollection"])?;
        let first = fields.one("first");
        let page = first.clone().and_then(|first| Fields::of(first).ok());
        let page = page.and_then(|page| Page::read(page).ok()).map(Box::new);
        let first = match &page {
            Some(page) => page.id.clone(),
            None => first.as_ref().and_then(crate::fields::address),
        };
        Ok(Self {
            order: Order::read(&fields),
            id: fields.uri("id"),
            total: fields.number("totalItems"),
            page,
            first,
            items: items(&mut fields),
        })
    }

    pub(crate) fn write(&self) -> Value {
        let kind = match self.order {
            Order::Ordered => "OrderedCollection",
            Order::Unordered => "Collection",
        };
        let first = self.first.as_ref().map(|id| Value::from(id.as_str()));
        let page = self.page.as_ref().map(|page| page.write());
        let paged = first.is_some() || page.is_some();
        let items = (!paged || !self.items.is_empty()).then(|| write_items(&self.items));
        Writer::new(kind)
            .address("id", self.id.as_ref())
            .maybe("totalItems", self.total)
            .maybe("first", page.or(first))
            .maybe(self.order.key(), items)
            .done()
    }
}

impl Page {
    /// A page of an ordered list.
    pub fn new(id: ObjectUri, part_of: ObjectUri, total: u64, items: Vec<Subject>) -> Self {
        Self {
            id: Some(id),
            order: Order::Ordered,
            part_of: Some(part_of),
            next: None,
            previous: None,
            total: Some(total),
            items,
        }
    }

    pub(crate) fn read(mut fields: Fields) -> Result<Self, Unreadable> {
        fields.expect(
            "a page of a collection",
            &["CollectionPage", "OrderedCollectionPage"],
        )?;
        Ok(Self {
            order: Order::read(&fields),
            id: fields.uri("id"),
            part_of: fields.uri("partOf"),
            next: fields.uri("next"),
            previous: fields.uri("prev"),
            total: fields.number("totalItems"),
            items: items(&mut fields),
        })
    }

    pub(crate) fn write(&self) -> Value {
        let kind = match self.order {
            Order::Ordered => "OrderedCollectionPage",
            Order::Unordered => "CollectionPage",
        };
        Writer::new(kind)
            .address("id", self.id.as_ref())
            .address("partOf", self.part_of.as_ref())
            .address("next", self.next.as_ref())
            .address("prev", self.previous.as_ref())
            .maybe("totalItems", self.total)
            .with(self.order.key(), write_items(&self.items))
            .done()
    }
}

/// Elements under either name: some servers put ordered ones under the name of the others.
fn items(fields: &mut Fields) -> Vec<Subject> {
    let mut items = fields.all("orderedItems");
    items.extend(fields.all("items"));
    let items = items.into_iter().filter_map(Subject::read_leniently);
    items.take(MAX_ITEMS).collect()
}

fn write_items(items: &[Subject]) -> Value {
    items.iter().map(Subject::write).collect()
}

vocabulary! {
    Collection: Context::Plain;
    Page: Context::Plain;
}

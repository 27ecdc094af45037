//! The vocabulary of the made-up videos: a few hundred everyday words that occur everywhere, and thousands of names put together from
//! syllables that are rare. What is searched for comes from the same texts, as people search for what is there.

use crate::chance::Chance;

const COMMON: &str = "how to the of and in with for a my our best first new live talk tour guide part episode music video garden kitchen \
    river mountain city train bicycle guitar piano song album concert interview lecture lesson history science physics chemistry \
    biology math programming rust python linux server network database browser privacy security open free software hardware \
    keyboard camera lens photo film documentary short story book review reading poetry theatre dance painting drawing sculpture \
    museum gallery workshop repair restore build wood metal glass stone paper textile knitting sewing cooking baking bread soup \
    cheese coffee tea wine beer harvest forest tree flower bird cat dog horse bee fish whale ocean island lake beach desert snow \
    ice storm weather climate energy solar wind water fire earth moon mars star galaxy telescope rocket space flight airplane boat \
    sailing diving climbing hiking running cycling football tennis chess game speedrun level boss puzzle strategy retro arcade \
    console controller modding design model printer robot drone sensor circuit radio signal antenna battery motor engine bridge \
    tower house roof window door road map travel journey winter summer spring autumn morning night festival market village school \
    university student teacher children family friend community meeting election debate news report analysis economy law rights \
    union strike protest peace memory future past culture language french german spanish english italian portuguese beginners \
    advanced introduction course conference keynote panel question answer update release version preview trailer teaser making \
    behind scenes cover remix acoustic session improvisation orchestra choir festival folk jazz rock electronic ambient noise \
    silence meditation yoga health medicine surgery doctor hospital virus vaccine nutrition sleep mind brain psychology philosophy \
    religion myth legend archaeology medieval ancient modern industrial revolution war ship castle train station railway tunnel";

const SYLLABLES: &str = "ba be bo bra cal cor da del dor el fa fen gar go hal ir ja ka kel lan lo lu ma mar mi mor na nel no or pa per \
    ra ri ro sa sel sil so ta tel tor ul va ven vi wen wick xan ya zo";

/// How many rare names there are.
const RARE: usize = 20_000;

/// The words, common ones first.
pub struct Words(Vec<String>);

impl Words {
    /// The vocabulary.
    pub fn new() -> Self {
        let mut words: Vec<String> = COMMON.split_whitespace().map(str::to_owned).collect();
        let syllables: Vec<&str> = SYLLABLES.split_whitespace().collect();
        let mut chance = Chance::new(1);
        words.extend((0..RARE).map(|_| {
            let count = 2 + chance.below(3);
            (0..count).map(|_| *chance.pick(&syllables)).collect()
        }));
        Self(words)
    }

    /// A word as it occurs in texts.
    pub fn word(&self, chance: &mut Chance) -> &str {
        &self.0[chance.skewed(self.0.len())]
    }

    /// A word that occurs in thousands of texts.
    pub fn common(&self, chance: &mut Chance) -> &str {
        let common = COMMON.split_whitespace().count();
        &self.0[chance.below(common as u64) as usize]
    }

    /// Words of a text.
    pub fn text(&self, chance: &mut Chance, count: u64) -> String {
        let words: Vec<&str> = (0..count).map(|_| self.word(chance)).collect();
        words.join(" ")
    }

    /// A name of three to eight words that begins with a capital.
    pub fn title(&self, chance: &mut Chance) -> String {
        let count = 3 + chance.below(6);
        let mut text = self.text(chance, count);
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        text
    }
}

/// What somebody types who looks for a video of this name: one or two of its words, the last often not to its end.
pub fn search_for(name: &str, chance: &mut Chance) -> String {
    let words: Vec<&str> = name.split(' ').filter(|w| w.len() > 3).collect();
    let Some(first) = words.first() else {
        return name.to_lowercase().replace(' ', "%20");
    };
    let mut typed = vec![first.to_lowercase()];
    if words.len() > 1 && chance.below(2) == 0 {
        typed[0] = chance.pick(&words[1..]).to_lowercase();
    }
    if words.len() > 2 && chance.below(2) == 0 {
        typed.push(words[words.len() - 1].to_lowercase());
    }
    if chance.below(4) == 0 {
        let last = typed.len() - 1;
        typed[last].truncate(4);
    }
    typed.join("%20")
}

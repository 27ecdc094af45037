//! Work on several things at a time, as tasks. Futures that are polled by one task would not do: one of them that holds the database's only
//! writer is not polled while the task waits for another, and both wait for ever.

use crate::Result;
use std::future::Future;
use tokio::task::JoinSet;

/// Does `work` for each of `items`, at most `most` at a time; what came of it is in the order of the items. All end when the caller does.
pub(crate) async fn abreast<T, R, F>(
    most: usize,
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> F,
) -> Result<Vec<R>>
where
    F: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    let mut left = items.into_iter().enumerate();
    let (mut running, mut done) = (JoinSet::new(), Vec::new());
    loop {
        while running.len() < most.max(1)
            && let Some((at, item)) = left.next()
        {
            let work = work(item);
            running.spawn(async move { (at, work.await) });
        }
        match running.join_next().await {
            Some(result) => done.push(result?),
            None => break,
        }
    }
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    #[tokio::test]
    async fn results_are_in_order_and_few_run_at_a_time() {
        let running = Arc::new(AtomicUsize::new(0));
        for most in [0, 1, 3, 100] {
            let results = abreast(most, 0..20_u64, |n| {
                let running = Arc::clone(&running);
                async move {
                    let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                    tokio::time::sleep(Duration::from_millis((20 - n) % 4)).await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    (n, now)
                }
            })
            .await
            .unwrap();
            assert!(results.iter().map(|(n, _)| *n).eq(0..20));
            assert!(results.iter().all(|(_, now)| *now <= most.max(1)));
        }
        let nothing: Vec<()> = abreast(3, [0; 0], async |_| ()).await.unwrap();
        assert!(nothing.is_empty());
    }
}

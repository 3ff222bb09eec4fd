//! Rounds that alternate between subjects, and what is left of them: medians and percentiles.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// What one round of commands or requests measured.
#[derive(Debug, Clone)]
pub struct Round {
    /// How many were answered in a second.
    pub per_second: f64,
    /// How long each took in milliseconds, shortest first.
    latencies: Vec<f64>,
}

impl Round {
    /// Of the latencies of a round, in milliseconds and any order, and the time that it took.
    pub fn of(mut latencies: Vec<f64>, took: Duration) -> Self {
        latencies.sort_by(f64::total_cmp);
        Self {
            per_second: latencies.len() as f64 / took.as_secs_f64(),
            latencies,
        }
    }

    /// How many were answered.
    pub const fn answered(&self) -> usize {
        self.latencies.len()
    }

    /// The latency in milliseconds that so many of a hundred do not exceed; NaN when nothing was answered.
    pub fn percentile(&self, percent: usize) -> f64 {
        percentile(&self.latencies, percent)
    }

    /// As `1,234/s (p50 0.81 ms, p99 2.10 ms)`.
    pub fn told(&self) -> String {
        format!(
            "{}/s (p50 {:.2} ms, p99 {:.2} ms)",
            thousands(self.per_second),
            self.percentile(50),
            self.percentile(99)
        )
    }
}

/// The value that so many of a hundred sorted values do not exceed; NaN when there is none.
pub fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

/// The middle one of some values; NaN when there is none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    percentile(&values, 50)
}

/// The round whose rate is the middle one.
///
/// # Errors
/// When there is none.
pub fn median_round(mut rounds: Vec<Round>) -> anyhow::Result<Round> {
    rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    let middle = rounds.len().saturating_sub(1) / 2;
    anyhow::ensure!(!rounds.is_empty(), "no round was measured");
    Ok(rounds.swap_remove(middle))
}

/// Measures the subjects 0, 1, 2 … in turn (A B C A B C …), so that whatever else the machine does meets them all;
/// answers what each subject's rounds gave.
///
/// # Errors
/// The first one of `measure`.
pub async fn interleaved<T>(
    rounds: usize,
    subjects: usize,
    mut measure: impl AsyncFnMut(usize) -> anyhow::Result<T>,
) -> anyhow::Result<Vec<Vec<T>>> {
    let mut measured: Vec<Vec<T>> = (0..subjects).map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (subject, results) in measured.iter_mut().enumerate() {
            results.push(measure(subject).await?);
        }
    }
    Ok(measured)
}

/// Lets so many clients each do one thing after another, for so long.
///
/// # Errors
/// The first one of `act`.
pub async fn hammer<F>(
    clients: usize,
    length: Duration,
    act: impl Fn() -> F + Clone + Send + 'static,
) -> anyhow::Result<Round>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let begun = Instant::now();
    let until = begun + length;
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let act = act.clone();
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            while Instant::now() < until {
                let asked = Instant::now();
                act().await?;
                latencies.push(asked.elapsed().as_secs_f64() * 1000.0);
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(client) = tasks.join_next().await {
        latencies.extend(client??);
    }
    Ok(Round::of(latencies, begun.elapsed()))
}

/// `1234567.8` as `1,234,568`.
pub fn thousands(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

//! Chance that is not chance: the same seed and name always give the same number.

use sha2::{Digest, Sha256};

/// A source of numbers for everything that the words leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice that depend on a text alone.
    pub(super) fn of(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        let start = digest.iter().take(8);
        Self(start.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Other dice, for another purpose.
    pub(super) fn and(self, text: &str) -> Self {
        Self::of(&format!("{:x}/{text}", self.0))
    }

    /// A number from 0 up to 1.
    pub(super) fn roll(self, name: &str) -> f32 {
        let number = self.and(name).0 >> 40;
        // 24 bits fit into the mantissa.
        number as f32 / 16_777_216.0
    }

    /// A number between two others.
    pub(super) fn between(self, name: &str, least: f32, most: f32) -> f32 {
        least + (most - least) * self.roll(name)
    }

    /// One of several.
    pub(super) fn pick<T: Copy>(self, name: &str, from: &[T], otherwise: T) -> T {
        let index = (self.roll(name) * from.len() as f32) as usize;
        from.get(index).copied().unwrap_or(otherwise)
    }

    /// True with the given probability.
    pub(super) fn chance(self, name: &str, probability: f32) -> bool {
        self.roll(name) < probability
    }
}

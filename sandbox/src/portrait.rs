//! Portraits of described characters: drawn as SVG, rasterised, the same each time.
//!
//! Who is seen depends on the words about the person alone, and never on the scene,
//! so that one character is recognisably the same in every picture.

mod backdrop;
mod beard;
mod canvas;
mod character;
mod clothes;
mod colour;
mod dice;
mod eyes;
mod face;
mod features;
mod figure;
mod hair;
mod light;
mod locks;
mod mouth;
mod occasion;
mod pen;
mod words;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

pub use canvas::{DrawingError, Format};
pub use character::{Build, Character, HairLength, HairTexture};
pub use occasion::{Occasion, Place};

/// Pictures are kept for clients that fetch one more than once.
const MOST_KEPT: usize = 24;

/// One picture that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Order {
    /// The words, as an image model is given them.
    pub prompt: String,
    /// Changes the moment, but neither the person nor the place.
    pub variation: u64,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The kind of file.
    pub format: Format,
}

/// What a prompt describes: a person, and the occasion of the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Portrait {
    /// Who is seen; the same for every scene.
    pub character: Character,
    /// Where and how.
    pub occasion: Occasion,
}

impl Portrait {
    /// Reads a prompt.
    #[must_use]
    pub fn described(prompt: &str) -> Self {
        let parts = words::Parts::of(prompt);
        let character = Character::described(&parts);
        let occasion = Occasion::described(&parts);
        Self {
            character,
            occasion,
        }
    }
}

/// Draws one picture and encodes it.
///
/// # Errors
/// When a side is zero or too long, or the encoder fails.
pub fn draw(order: &Order) -> Result<Bytes, DrawingError> {
    let portrait = Portrait::described(&order.prompt);
    let pixels = canvas::paint(&portrait, order.variation, order.width, order.height)?;
    canvas::encode(pixels, order.format)
}

/// Draws pictures, and remembers the latest.
#[derive(Default)]
pub(crate) struct Pictures(Mutex<VecDeque<(Order, Bytes)>>);

impl Pictures {
    /// The picture, drawn now or a moment ago.
    pub(crate) fn draw(&self, order: &Order) -> Result<Bytes, DrawingError> {
        if let Some(known) = self.kept(order) {
            return Ok(known);
        }
        let bytes = draw(order)?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(MOST_KEPT - 1);
        kept.push_front((order.clone(), bytes.clone()));
        Ok(bytes)
    }

    fn kept(&self, order: &Order) -> Option<Bytes> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(known, _)| known == order)
            .map(|(_, bytes)| bytes.clone())
    }
}

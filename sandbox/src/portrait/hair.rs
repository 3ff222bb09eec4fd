//! Hair: what falls behind the head, and what frames the face.

mod long;
mod round;
mod short;
mod up;

use super::character::{HairLength, HairStyle, HairTexture};
use super::figure::Sitter;
use super::pen::Pen;

/// The hair behind head, neck and shoulders.
pub(super) fn behind(pen: &mut Pen, sitter: &Sitter<'_>) {
    let who = sitter.who;
    match (sitter.hair_style(), who.hair_length) {
        (_, HairLength::Bald | HairLength::Cropped) => {}
        (HairStyle::Bun, _) => up::bun(pen, sitter),
        (HairStyle::Ponytail, _) => up::ponytail(pen, sitter),
        (_, _) if is_round(sitter) => round::mass(pen, sitter),
        (_, HairLength::Short) => {}
        (_, _) => long::behind(pen, sitter),
    }
}

/// The hair over the face and the shoulders.
pub(super) fn in_front(pen: &mut Pen, sitter: &Sitter<'_>) {
    let who = sitter.who;
    match (sitter.hair_style(), who.hair_length) {
        (_, HairLength::Bald) => short::bald(pen, sitter),
        (_, HairLength::Cropped) => short::cropped(pen, sitter),
        (HairStyle::Bun | HairStyle::Ponytail, _) => up::cap(pen, sitter),
        (_, _) if is_round(sitter) => round::hairline(pen, sitter),
        (_, HairLength::Short) => short::swept(pen, sitter),
        (_, _) => long::in_front(pen, sitter),
    }
}

/// Whether the hair stands around the head instead of falling.
fn is_round(sitter: &Sitter<'_>) -> bool {
    let who = sitter.who;
    who.hair_texture == HairTexture::Coily
        || (who.hair_texture == HairTexture::Curly && who.hair_length <= HairLength::Chin)
}

//! The whole person, from the hair behind to the rain in front.

use super::Portrait;
use super::character::{Build, Character, HairLength};
use super::colour::Colour;
use super::dice::Dice;
use super::face::Head;
use super::light::Light;
use super::occasion::Occasion;
use super::pen::Pen;
use super::{backdrop, beard, clothes, eyes, face, features, hair, mouth};

/// The colours of one person in one light.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    pub(super) skin: Colour,
    pub(super) skin_shade: Colour,
    pub(super) skin_deep: Colour,
    pub(super) skin_light: Colour,
    pub(super) blush: Colour,
    pub(super) lips: Colour,
    pub(super) hair: Colour,
    pub(super) hair_dark: Colour,
    pub(super) hair_light: Colour,
    pub(super) eyes: Colour,
    pub(super) cloth: Colour,
    pub(super) line: Colour,
}

/// All that the parts of a figure are drawn from.
pub(super) struct Sitter<'a> {
    pub(super) who: &'a Character,
    pub(super) when: &'a Occasion,
    pub(super) head: Head,
    pub(super) colours: Palette,
    pub(super) light: Light,
    /// Differs from one picture of the same scene to another.
    pub(super) moment: Dice,
}

impl Palette {
    fn of(who: &Character, when: &Occasion, light: &Light) -> Self {
        let skin = light.on(who.skin);
        let depth = 1.0 - who.skin.brightness();
        let shade = Colour::hex(0x8a2f2c).mix(Colour::hex(0x2a0e14), depth);
        let hair = light.on(who.hair);
        let glamour = if who.build == Build::Masculine {
            0.2
        } else {
            0.42
        };
        let grey = hair.brightness();
        Self {
            skin,
            skin_shade: skin.mix(shade, 0.24 + 0.12 * depth),
            skin_deep: skin.mix(shade, 0.5 + 0.1 * depth),
            skin_light: skin.mix(
                Colour::hex(0xffeedc).mix(Colour::hex(0xe8945c), depth),
                0.5 - 0.16 * depth,
            ),
            blush: skin.mix(Colour::hex(0xdc4a4c), 0.46 - 0.26 * depth),
            lips: skin.mix(Colour::hex(0xb02a3c), glamour + 0.08 * depth),
            hair,
            hair_dark: hair.mix(Colour::hex(0x140c12), 0.42),
            hair_light: hair.mix(light.on(Colour::hex(0xffe2b8)), 0.30 + 0.16 * grey),
            eyes: who.eyes,
            cloth: light.on(when.cloth),
            line: skin.mix(Colour::hex(0x3a1416), 0.72),
        }
    }
}

/// Draws the person, over a transparent ground, for a picture of this size.
pub(super) fn draw(portrait: &Portrait, variation: u64, size: (f32, f32)) -> String {
    let (who, when) = (&portrait.character, &portrait.occasion);
    let light = Light::of(when);
    let sitter = Sitter {
        who,
        when,
        head: Head::of(who),
        colours: Palette::of(who, when, &light),
        light,
        moment: who.dice.and(&format!("{:?}{variation}", when.place)),
    };
    let mut pen = Pen::default();
    let tilt = sitter.moment.between("tilt", -4.0, 4.0);
    let turn = format!("rotate({tilt:.2} 500 640)");
    pen.placed(&frame(&sitter, size), |pen| {
        pen.placed(&turn, |pen| hair::behind(pen, &sitter));
        pen.placed(&format!("translate(0 {:.1})", -clothes::LIFT), |pen| {
            clothes::neck(pen, &sitter);
            clothes::body(pen, &sitter);
        });
        pen.placed(&turn, |pen| head(pen, &sitter));
    });
    backdrop::in_front(&mut pen, portrait, variation, size);
    pen.document(size.0, size.1)
}

fn head(pen: &mut Pen, sitter: &Sitter<'_>) {
    if sitter.who.hair_length <= HairLength::Short || sitter.hair_is_up() {
        face::ears(pen, sitter);
    }
    face::skin(pen, sitter);
    features::beneath_eyes(pen, sitter);
    eyes::both(pen, sitter);
    features::nose(pen, sitter);
    beard::beard(pen, sitter);
    mouth::mouth(pen, sitter);
    features::glasses(pen, sitter);
    hair::in_front(pen, sitter);
    features::earrings(pen, sitter);
}

/// Puts the figure's own space of 1000 units, with the nose at 500, into the picture.
fn frame(sitter: &Sitter<'_>, (width, height): (f32, f32)) -> String {
    let ratio = width / height;
    // In tall pictures the width limits the size; in wide ones the figure stands a little aside.
    let scale = (height / 815.0).min(width / 680.0) * sitter.moment.between("size", 0.97, 1.04);
    let aside = if ratio > 1.25 {
        sitter.moment.between("aside", -0.12, 0.12)
    } else {
        sitter.moment.between("aside", -0.02, 0.02)
    };
    let x = width * (0.5 + aside) - 500.0 * scale;
    let above = height * (0.065 + 0.09 * (height / width - 1.0).max(0.0));
    let y = above - sitter.top() * scale;
    format!("translate({x:.1} {y:.1}) scale({scale:.4})")
}

impl Sitter<'_> {
    /// How the hair is worn now.
    pub(super) fn hair_style(&self) -> super::character::HairStyle {
        match self.who.hair_length {
            HairLength::Bald | HairLength::Cropped | HairLength::Short => self.who.style,
            _ => self.when.hair_worn.unwrap_or(self.who.style),
        }
    }

    /// Where the figure begins at the top.
    fn top(&self) -> f32 {
        use super::character::{HairStyle, HairTexture};
        match (self.hair_style(), self.who.hair_texture) {
            (HairStyle::Bun, _) => 100.0,
            (_, HairTexture::Coily | HairTexture::Curly) => 135.0,
            _ => 160.0,
        }
    }

    /// Whether the ears show.
    pub(super) fn hair_is_up(&self) -> bool {
        use super::character::HairStyle;
        matches!(self.hair_style(), HairStyle::Bun | HairStyle::Ponytail)
    }
}

//! The head: its outline, skin, light and shade.

use super::character::{Build, Character};
use super::figure::Sitter;
use super::pen::{Pen, Point, around, mirrored, tapered, through};

/// The middle of the face.
pub(super) const AXIS: f32 = 500.0;

/// The measures of one head; half widths from the axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// At the cheekbones.
    pub(super) cheek: f32,
    /// Below the mouth.
    pub(super) jaw: f32,
    /// Of the chin.
    pub(super) chin: f32,
    /// The lowest point.
    pub(super) chin_y: f32,
    /// From the axis to the middle of an eye.
    pub(super) eye_dx: f32,
    pub(super) eye_y: f32,
    pub(super) eye_size: f32,
    pub(super) eye_tilt: f32,
    pub(super) brow_y: f32,
    pub(super) brow_weight: f32,
    pub(super) nose_y: f32,
    pub(super) nose: f32,
    pub(super) mouth_y: f32,
    pub(super) mouth: f32,
    pub(super) lips: f32,
}

impl Head {
    /// The measures that follow from build and identity.
    pub(super) fn of(who: &Character) -> Self {
        let dice = who.dice.and("head");
        let manly = match who.build {
            Build::Feminine => 0.0,
            Build::Neutral => 0.5,
            Build::Masculine => 1.0,
        };
        let chin_y = 576.0 + 9.0 * manly + dice.between("chin y", -5.0, 5.0);
        Self {
            cheek: 117.0 + 6.0 * manly + dice.between("cheek", -4.0, 4.0),
            jaw: 91.0 + 16.0 * manly + dice.between("jaw", -6.0, 6.0),
            chin: 27.0 + 13.0 * manly + dice.between("chin", -4.0, 4.0),
            chin_y,
            eye_dx: 58.0 + dice.between("eye dx", -2.0, 2.5),
            eye_y: 402.0 + dice.between("eye y", -3.0, 3.0),
            eye_size: 1.17 - 0.15 * manly + dice.between("eye size", -0.05, 0.05),
            eye_tilt: dice.between("eye tilt", -2.0, 5.0) + 2.0 * who.fold - 1.5 * manly,
            brow_y: 361.0 + 3.0 * manly + dice.between("brow y", -4.0, 4.0),
            brow_weight: 0.85 + 0.45 * manly + dice.between("brow", -0.12, 0.2),
            nose_y: 482.0 + dice.between("nose y", -5.0, 5.0),
            nose: 21.0 + 4.0 * manly + dice.between("nose", -3.0, 4.0),
            mouth_y: 521.0 + 3.0 * manly + dice.between("mouth y", -3.0, 3.0),
            mouth: 36.0 + 3.0 * manly + dice.between("mouth", -3.0, 4.0),
            lips: 1.0 - 0.28 * manly + dice.between("lips", -0.1, 0.22),
        }
    }

    /// One side of the outline, from the top of the skull to the chin.
    fn side(&self) -> Vec<Point> {
        let at = |dx: f32, y: f32| (AXIS + dx, y);
        vec![
            at(0.0, 210.0),
            at(self.cheek * 0.72, 236.0),
            at(self.cheek * 1.0, 306.0),
            at(self.cheek * 1.025, 385.0),
            at(self.cheek * 0.985, 450.0),
            at(self.jaw, 514.0),
            at(self.jaw * 0.4 + self.chin * 0.78, self.chin_y - 25.0),
            at(self.chin * 0.86, self.chin_y - 3.5),
            at(0.0, self.chin_y + 1.0),
        ]
    }

    /// The outline of the face.
    pub(super) fn outline(&self) -> String {
        let mut points = self.side();
        let mut other = mirrored(&points, AXIS);
        other.reverse();
        points.extend(other.into_iter().skip(1));
        points.pop();
        around(&points)
    }
}

/// The skin of the face, with light from the left.
pub(super) fn skin(pen: &mut Pen, sitter: &Sitter<'_>) {
    let (head, colours) = (&sitter.head, &sitter.colours);
    let outline = head.outline();
    let base = pen.linear(
        (400.0, 250.0),
        (610.0, 560.0),
        &[
            (0.0, colours.skin.mix(colours.skin_light, 0.35), 1.0),
            (0.5, colours.skin, 1.0),
            (1.0, colours.skin.mix(colours.skin_shade, 0.55), 1.0),
        ],
    );
    pen.fill(&outline, &base);
    pen.inside(&outline, |pen| {
        pen.glow(
            (AXIS + head.cheek + 6.0, 440.0),
            74.0,
            190.0,
            colours.skin_shade,
            0.75,
        );
        pen.glow(
            (AXIS - head.cheek - 16.0, 460.0),
            52.0,
            170.0,
            colours.skin_shade,
            0.4,
        );
        pen.glow((AXIS - 10.0, 218.0), 170.0, 92.0, colours.skin_shade, 0.6);
        pen.glow((AXIS - 34.0, 318.0), 92.0, 62.0, colours.skin_light, 0.55);
        pen.glow(
            (AXIS, head.chin_y + 8.0),
            110.0,
            36.0,
            colours.skin_shade,
            0.7,
        );
        pen.glow(
            (AXIS - 4.0, head.chin_y - 22.0),
            34.0,
            20.0,
            colours.skin_light,
            0.45,
        );
        cheeks(pen, sitter);
    });
    let rim = tapered(&rim_points(head), (0.5, 12.0, 0.5));
    pen.inside(&outline, |pen| {
        pen.tint(&rim, sitter.light.rim, 0.14 * sitter.light.rim_strength)
    });
}

fn cheeks(pen: &mut Pen, sitter: &Sitter<'_>) {
    let rosy = if sitter.who.build == Build::Masculine {
        0.5
    } else {
        1.0
    };
    let colours = &sitter.colours;
    for (side, strength) in [(-1.0, 0.5), (1.0, 0.44)] {
        let x = AXIS + side * 72.0;
        pen.glow((x, 470.0), 54.0, 38.0, colours.blush, strength * rosy);
        pen.glow((x - 6.0, 446.0), 30.0, 15.0, colours.skin_light, 0.42);
    }
}

fn rim_points(head: &Head) -> Vec<Point> {
    let mut left = mirrored(&head.side(), AXIS);
    left.drain(..3);
    left.truncate(4);
    left
}

/// Both ears, for hair that shows them.
pub(super) fn ears(pen: &mut Pen, sitter: &Sitter<'_>) {
    let (head, colours) = (&sitter.head, &sitter.colours);
    for side in [-1.0, 1.0] {
        let at = |dx: f32, y: f32| (AXIS + side * (head.cheek + dx), y);
        let shape = around(&[
            at(-8.0, 388.0),
            at(8.0, 378.0),
            at(21.0, 390.0),
            at(19.0, 424.0),
            at(9.0, 452.0),
            at(-4.0, 462.0),
            at(-10.0, 440.0),
        ]);
        let paint = pen.linear(
            at(-8.0, 380.0),
            at(20.0, 450.0),
            &[(0.0, colours.skin, 1.0), (1.0, colours.skin_shade, 1.0)],
        );
        pen.fill(&shape, &paint);
        let fold = through(&[
            at(2.0, 392.0),
            at(13.0, 396.0),
            at(13.0, 420.0),
            at(4.0, 440.0),
        ]);
        pen.stroke(&fold, colours.skin_deep, 3.0, 0.45);
        pen.glow(at(4.0, 424.0), 9.0, 18.0, colours.skin_deep, 0.5);
    }
}

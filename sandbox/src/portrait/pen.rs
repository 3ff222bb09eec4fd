//! Writing SVG: paths through points, gradients, groups.

use std::fmt::Write as _;

use super::colour::Colour;

/// A point; x grows to the right and y grows downwards.
pub(super) type Point = (f32, f32);

/// A stop of a gradient: place (0 to 1), colour, opacity.
pub(super) type Stop = (f32, Colour, f32);

/// Collects the parts of one drawing.
#[derive(Debug, Default)]
pub(super) struct Pen {
    defs: String,
    body: String,
    ids: usize,
}

impl Pen {
    /// A gradient along a line, as a paint.
    pub(super) fn linear(&mut self, from: Point, to: Point, stops: &[Stop]) -> String {
        let id = self.id();
        let _ = write!(
            self.defs,
            "<linearGradient id=\"{id}\" gradientUnits=\"userSpaceOnUse\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\">",
            from.0, from.1, to.0, to.1
        );
        self.stops(stops);
        self.defs.push_str("</linearGradient>");
        format!("url(#{id})")
    }

    /// A gradient around a point, as a paint.
    pub(super) fn radial(&mut self, centre: Point, radius: f32, stops: &[Stop]) -> String {
        let id = self.id();
        let _ = write!(
            self.defs,
            "<radialGradient id=\"{id}\" gradientUnits=\"userSpaceOnUse\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\">",
            centre.0, centre.1
        );
        self.stops(stops);
        self.defs.push_str("</radialGradient>");
        format!("url(#{id})")
    }

    fn stops(&mut self, stops: &[Stop]) {
        for (place, colour, opacity) in stops {
            let _ = write!(
                self.defs,
                "<stop offset=\"{place:.3}\" stop-color=\"{colour}\" stop-opacity=\"{opacity:.3}\"/>"
            );
        }
    }

    /// Fills a path with a paint.
    pub(super) fn fill(&mut self, path: &str, paint: &str) {
        let _ = write!(self.body, "<path d=\"{path}\" fill=\"{paint}\"/>");
    }

    /// Fills a path with a colour that lets something through.
    pub(super) fn tint(&mut self, path: &str, colour: Colour, opacity: f32) {
        let _ = write!(
            self.body,
            "<path d=\"{path}\" fill=\"{colour}\" fill-opacity=\"{opacity:.3}\"/>"
        );
    }

    /// Draws along a path, with round ends.
    pub(super) fn stroke(&mut self, path: &str, colour: Colour, width: f32, opacity: f32) {
        let _ = write!(
            self.body,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width:.2}\" stroke-opacity=\"{opacity:.3}\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/>"
        );
    }

    /// An ellipse with a paint.
    pub(super) fn ellipse(&mut self, centre: Point, rx: f32, ry: f32, paint: &str, opacity: f32) {
        let _ = write!(
            self.body,
            "<ellipse cx=\"{:.1}\" cy=\"{:.1}\" rx=\"{rx:.1}\" ry=\"{ry:.1}\" fill=\"{paint}\" fill-opacity=\"{opacity:.3}\"/>",
            centre.0, centre.1
        );
    }

    /// A spot of light or shade that fades towards its rim.
    pub(super) fn glow(&mut self, centre: Point, rx: f32, ry: f32, colour: Colour, opacity: f32) {
        let id = self.id();
        let _ = write!(
            self.defs,
            "<radialGradient id=\"{id}\"><stop offset=\"0\" stop-color=\"{colour}\" stop-opacity=\"{opacity:.3}\"/>\
             <stop offset=\"0.55\" stop-color=\"{colour}\" stop-opacity=\"{:.3}\"/>\
             <stop offset=\"1\" stop-color=\"{colour}\" stop-opacity=\"0\"/></radialGradient>",
            opacity * 0.42
        );
        // It is clear at its rim, so it needs no smooth edge; a plain rectangle is painted much faster.
        let _ = write!(
            self.body,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"url(#{id})\" shape-rendering=\"crispEdges\"/>",
            centre.0 - rx,
            centre.1 - ry,
            rx * 2.0,
            ry * 2.0
        );
    }

    /// A rectangle with a paint.
    pub(super) fn rect(&mut self, corner: Point, width: f32, height: f32, paint: &str) {
        let _ = write!(
            self.body,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{paint}\"/>",
            corner.0, corner.1
        );
    }

    /// Draws inside a path only.
    pub(super) fn inside(&mut self, path: &str, draw: impl FnOnce(&mut Self)) {
        let id = self.id();
        let _ = write!(
            self.defs,
            "<clipPath id=\"{id}\"><path d=\"{path}\"/></clipPath>"
        );
        self.group(&format!("clip-path=\"url(#{id})\""), draw);
    }

    /// Draws softly, as if out of focus.
    pub(super) fn softly(&mut self, blur: f32, draw: impl FnOnce(&mut Self)) {
        let id = self.id();
        let _ = write!(
            self.defs,
            "<filter id=\"{id}\" x=\"-20%\" y=\"-20%\" width=\"140%\" height=\"140%\"><feGaussianBlur stdDeviation=\"{blur:.1}\"/></filter>"
        );
        self.group(&format!("filter=\"url(#{id})\""), draw);
    }

    /// Draws moved, scaled or turned.
    pub(super) fn placed(&mut self, transform: &str, draw: impl FnOnce(&mut Self)) {
        self.group(&format!("transform=\"{transform}\""), draw);
    }

    fn group(&mut self, attributes: &str, draw: impl FnOnce(&mut Self)) {
        let _ = write!(self.body, "<g {attributes}>");
        draw(self);
        self.body.push_str("</g>");
    }

    /// The whole drawing.
    pub(super) fn document(&self, width: f32, height: f32) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\"><defs>{}</defs>{}</svg>",
            self.defs, self.body
        )
    }

    fn id(&mut self) -> String {
        self.ids += 1;
        format!("p{}", self.ids)
    }
}

/// A soft line through the points.
pub(super) fn through(points: &[Point]) -> String {
    let mut path = String::new();
    let Some(first) = points.first() else {
        return path;
    };
    let _ = write!(path, "M{:.1} {:.1}", first.0, first.1);
    for index in 0..points.len().saturating_sub(1) {
        let before = points[index.saturating_sub(1)];
        let (from, to) = (points[index], points[index + 1]);
        let after = points[(index + 2).min(points.len() - 1)];
        curve(&mut path, before, from, to, after);
    }
    path
}

/// A soft outline around the points.
pub(super) fn around(points: &[Point]) -> String {
    let mut path = String::new();
    let count = points.len();
    let Some(first) = points.first() else {
        return path;
    };
    let _ = write!(path, "M{:.1} {:.1}", first.0, first.1);
    for index in 0..count {
        let before = points[(index + count - 1) % count];
        let (from, to) = (points[index], points[(index + 1) % count]);
        let after = points[(index + 2) % count];
        curve(&mut path, before, from, to, after);
    }
    path.push('Z');
    path
}

/// One piece of a Catmull-Rom spline, as a Bézier curve.
fn curve(path: &mut String, before: Point, from: Point, to: Point, after: Point) {
    let first = (
        from.0 + (to.0 - before.0) / 6.0,
        from.1 + (to.1 - before.1) / 6.0,
    );
    let second = (
        to.0 - (after.0 - from.0) / 6.0,
        to.1 - (after.1 - from.1) / 6.0,
    );
    let _ = write!(
        path,
        "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
        first.0, first.1, second.0, second.1, to.0, to.1
    );
}

/// A shape with straight edges.
pub(super) fn corners(points: &[Point]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
    }
    path.push('Z');
    path
}

/// The points mirrored at a vertical line.
pub(super) fn mirrored(points: &[Point], axis: f32) -> Vec<Point> {
    points
        .iter()
        .map(|point| (2.0 * axis - point.0, point.1))
        .collect()
}

/// A line that is thick in the middle, or at one end, and runs out: widths at start, middle and end.
pub(super) fn tapered(points: &[Point], widths: (f32, f32, f32)) -> String {
    let count = points.len();
    let mut left = Vec::with_capacity(count * 2);
    let mut right = Vec::with_capacity(count);
    for (index, point) in points.iter().enumerate() {
        let before = points[index.saturating_sub(1)];
        let after = points[(index + 1).min(count - 1)];
        let (dx, dy) = (after.0 - before.0, after.1 - before.1);
        let length = dx.hypot(dy).max(0.001);
        let place = index as f32 / (count - 1).max(1) as f32;
        let width = match place < 0.5 {
            true => widths.0 + (widths.1 - widths.0) * place * 2.0,
            false => widths.1 + (widths.2 - widths.1) * (place - 0.5) * 2.0,
        } / 2.0;
        left.push((point.0 - dy / length * width, point.1 + dx / length * width));
        right.push((point.0 + dy / length * width, point.1 - dx / length * width));
    }
    right.reverse();
    let mut path = through(&left);
    let back = through(&right).replacen('M', "L", 1);
    path.push_str(&back);
    path.push('Z');
    path
}

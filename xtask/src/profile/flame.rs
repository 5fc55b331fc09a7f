//! A flame graph: folded stacks as an SVG picture, callers below and callees above.
//!
//! A frame is as wide as the samples in which it was on the stack; pointing at it shows its name and its share.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::stacks::Stacks;

/// Pixels.
const WIDTH: f64 = 1400.0;
const LINE: f64 = 17.0;
const MARGIN: f64 = 30.0;
/// A character of the names, about.
const CHARACTER: f64 = 6.4;
/// Narrower frames are left out.
const NARROWEST: f64 = 0.4;

/// A function on a stack, with what it called.
#[derive(Default)]
struct Frame {
    samples: usize,
    called: BTreeMap<String, Frame>,
}

/// The picture of some stacks.
pub(super) fn svg(title: &str, stacks: &Stacks) -> String {
    let mut root = Frame::default();
    for (stack, count) in &stacks.counts {
        root.add(stack, *count);
    }
    let height = root.depth() as f64 * LINE + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"monospace\" font-size=\"11\">\n\
         <style>rect:hover{{stroke:#000}} text{{pointer-events:none}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let _ = writeln!(svg, "<text x=\"4\" y=\"18\" font-size=\"14\">{}</text>", escaped(title));
    let scale = WIDTH / root.samples.max(1) as f64;
    root.draw("all", 0, &Place { left: 0.0, base: height - MARGIN, scale, all: root.samples }, &mut svg);
    svg.push_str("</svg>\n");
    svg
}

/// Where a frame is drawn.
struct Place {
    left: f64,
    /// The lower edge of the picture.
    base: f64,
    /// Pixels a sample.
    scale: f64,
    /// Samples of the picture.
    all: usize,
}

impl Frame {
    fn add(&mut self, stack: &[String], count: usize) {
        self.samples += count;
        if let [first, rest @ ..] = stack {
            self.called.entry(first.clone()).or_default().add(rest, count);
        }
    }

    fn depth(&self) -> usize {
        1 + self.called.values().map(Self::depth).max().unwrap_or_default()
    }

    fn draw(&self, name: &str, level: usize, place: &Place, svg: &mut String) {
        let width = self.samples as f64 * place.scale;
        if width < NARROWEST {
            return;
        }
        let (left, top) = (place.left, place.base - (level + 1) as f64 * LINE);
        let share = 100.0 * self.samples as f64 / place.all.max(1) as f64;
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{}\" fill=\"{}\"><title>{} ({} samples, \
             {share:.1} %)</title></rect>",
            LINE - 1.0,
            colour(name),
            escaped(name),
            self.samples,
        );
        let room = (width / CHARACTER) as usize;
        if room > 3 {
            let shown: String = name.chars().take(room - 1).collect();
            let (x, y) = (left + 3.0, top + 12.0);
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y}\">{}</text>", escaped(&shown));
        }
        let mut left = left;
        for (name, frame) in &self.called {
            frame.draw(name, level + 1, &Place { left, ..*place }, svg);
            left += frame.samples as f64 * place.scale;
        }
    }
}

/// A warm colour, the same one wherever the name appears.
fn colour(name: &str) -> String {
    let hash = name.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("hsl({},80%,{}%)", hash % 50, 60 + hash / 50 % 15)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_as_wide_as_its_samples_and_its_name_is_escaped() {
        let stack = |frames: &[&str]| frames.iter().map(|frame| (*frame).to_owned()).collect::<Vec<_>>();
        let counts = [(stack(&["<a as B>::c", "d"]), 3), (stack(&["e"]), 1)].into();
        let svg = svg("join & more", &Stacks { counts, samples: 4, all: 4 });
        assert!(svg.contains("join &amp; more"));
        assert!(svg.contains("width=\"1050.0\""), "{svg}");
        assert!(svg.contains("&lt;a as B&gt;::c (3 samples, 75.0 %)"), "{svg}");
        // The root, three frames, and the ground.
        assert_eq!(svg.matches("<rect ").count(), 5);
    }
}

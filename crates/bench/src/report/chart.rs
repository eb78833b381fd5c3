//! A bar for each side's rate, in SVG made by hand.

use std::fmt::{self, Write as _};

use super::Report;

const WIDTH: f64 = 900.0;
const NAMES: f64 = 300.0;
const BAR: f64 = 18.0;
const GAP: f64 = 6.0;
const TITLE: f64 = 34.0;
/// Room behind the longest bar for its figure.
const FIGURES: f64 = 90.0;
const COLOURS: [&str; 4] = ["#2a6fdb", "#8a93a3", "#c9783a", "#4a9a63"];

pub(super) fn draw(report: &Report) -> String {
    let mut svg = String::new();
    // Writing to a String cannot fail.
    let _ = write(report, &mut svg);
    svg
}

#[expect(clippy::cast_precision_loss, reason = "a few dozen bars")]
fn write(report: &Report, svg: &mut String) -> fmt::Result {
    let height: f64 = report
        .comparisons
        .iter()
        .map(|comparison| TITLE + comparison.sides.len() as f64 * (BAR + GAP))
        .sum::<f64>()
        + 2.0 * GAP;
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <title>Requests per second</title>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>"
    )?;
    let mut y = GAP;
    for comparison in &report.comparisons {
        writeln!(
            svg,
            "<text x=\"8\" y=\"{:.1}\" font-weight=\"bold\">{}</text>",
            y + TITLE - 12.0,
            escaped(&comparison.title)
        )?;
        y += TITLE;
        let most = comparison.sides.iter().map(|side| side.rate.max).fold(1e-9, f64::max);
        let scale = (WIDTH - NAMES - FIGURES) / most;
        for (side, colour) in comparison.sides.iter().zip(COLOURS.iter().cycle()) {
            let (rate, middle) = (side.rate, y + BAR / 2.0);
            writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n\
                 <rect x=\"{NAMES}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\n\
                 <path d=\"M{:.1} {middle:.1}H{:.1}\" stroke=\"#000\" stroke-width=\"1.5\"/>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\">{:.0}</text>",
                NAMES - 8.0,
                y + BAR - 5.0,
                escaped(&side.name),
                rate.median * scale,
                NAMES + rate.min * scale,
                NAMES + rate.max * scale,
                NAMES + rate.max * scale + 8.0,
                y + BAR - 5.0,
                rate.median,
            )?;
            y += BAR + GAP;
        }
    }
    writeln!(svg, "</svg>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

//! The picture of a client that has no icon: its initials on a coloured square.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Saturation of the background, in percent: calm.
const SATURATION: u32 = 45;

/// An SVG image, 128 × 128, with one or two initials of `name` in white. The colour follows from `seed`, such as the
/// client's id, so that it survives a change of name. Well-formed XML whatever the arguments; no script, no link, no style
/// sheet.
///
/// ```
/// let svg = informer_oauth_domain::monogram::monogram_svg("Informer CLI", "a6bd8f0f72b2c3275ff6");
/// assert!(svg.starts_with("<svg ") && svg.contains(">IC</text>"));
/// ```
pub fn monogram_svg(name: &str, seed: &str) -> String {
    let hue = hue(seed);
    let lightness = lightness(hue);
    let (top, bottom) = (colour(hue, lightness), colour(hue, lightness - 8));
    let initials = initials(name);
    let size = if initials.chars().count() > 1 { 54 } else { 64 };
    let (label, initials) = (escape(name), escape(&initials));
    format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128" width="128" height="128" "#,
            r#"role="img" aria-label="{label}">"#,
            r#"<defs><linearGradient id="g" x1="0" y1="0" x2="0" y2="1">"#,
            r#"<stop offset="0" stop-color="{top}"/><stop offset="1" stop-color="{bottom}"/>"#,
            r#"</linearGradient></defs>"#,
            r#"<rect width="128" height="128" rx="28" fill="url(#g)"/>"#,
            r##"<text x="64" y="64" dy=".36em" text-anchor="middle" fill="#ffffff" "##,
            r#"font-family="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif" "#,
            r#"font-size="{size}" font-weight="600" letter-spacing="-1">{initials}</text></svg>"#,
        ),
        label = label,
        top = top,
        bottom = bottom,
        size = size,
        initials = initials,
    )
}

/// 0 to 359 degrees.
fn hue(seed: &str) -> u32 {
    let digest = Sha256::digest(seed.as_bytes());
    digest
        .iter()
        .take(4)
        .fold(0, |number, byte| (number << 8) | u32::from(*byte))
        % 360
}

/// In percent. Orange to cyan look brighter than the rest, so they are darker by number: white text keeps a contrast of
/// 4.5 to 1 on every hue.
const fn lightness(hue: u32) -> u32 {
    if hue >= 25 && hue <= 200 { 31 } else { 42 }
}

/// HSL to `#rrggbb`. Lightness, in percent, must be at most 50.
fn colour(hue: u32, lightness: u32) -> String {
    // In ten-thousandths.
    let (low, high) = (lightness * (100 - SATURATION), lightness * (100 + SATURATION));
    let way = (high - low) * (hue % 60) / 60;
    let (rising, falling) = (low + way, high - way);
    let (red, green, blue) = match hue / 60 {
        0 => (high, rising, low),
        1 => (falling, high, low),
        2 => (low, high, rising),
        3 => (low, falling, high),
        4 => (rising, low, high),
        _ => (high, low, falling),
    };
    let byte = |channel: u32| channel * 255 / 10_000;
    format!("#{:02x}{:02x}{:02x}", byte(red), byte(green), byte(blue))
}

/// The first letters of the first and the last word; of a name without letters and digits, its first visible character.
fn initials(name: &str) -> String {
    let mut firsts = name
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.chars().next())
        .filter_map(|c| c.to_uppercase().next());
    match (firsts.next(), firsts.next_back()) {
        (Some(first), Some(last)) => format!("{first}{last}"),
        (Some(first), None) => first.to_string(),
        (None, _) => {
            let visible = |c: &char| !c.is_whitespace() && is_xml(*c) && !is_invisible(*c);
            name.chars().find(visible).unwrap_or('?').to_string()
        }
    }
}

/// Zero-width and direction marks.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// What XML 1.0 §2.2 lets a document contain, without the control characters it only discourages.
fn is_xml(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|c| is_xml(*c)) {
        match c {
            '&' | '<' | '>' | '"' | '\'' => {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn initials_are_those_of_the_first_and_last_word() {
        for (name, expected) in [
            ("Informer CLI", "IC"),
            ("Informer GO", "IG"),
            ("my little app", "MA"),
            ("grafana", "G"),
            ("sales-bot", "SB"),
            ("  über  app ", "ÜA"),
            ("ßeta", "S"),
            ("3 tigers", "3T"),
            ("日本 語", "日語"),
            ("🚀", "🚀"),
            ("<>", "<"),
            ("\u{200b}!", "!"),
            ("", "?"),
            (" \u{0}\n", "?"),
        ] {
            assert_eq!(initials(name), expected, "{name:?}");
        }
    }

    #[test]
    fn markup_in_a_name_stays_text() {
        let svg = monogram_svg("\"><script>alert('x')</script>&\u{0}\u{ffff}", "seed");
        assert!(svg.contains("aria-label=\"&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#38;\""));
        assert!(!svg.contains("<script"));
        assert!(monogram_svg("<&", "seed").contains(">&#60;</text>"));
    }

    #[test]
    fn the_colour_depends_on_the_seed_alone() {
        let gradient = |svg: String| {
            svg.split("<rect")
                .next()
                .unwrap()
                .split("<defs")
                .nth(1)
                .unwrap()
                .to_owned()
        };
        assert_eq!(gradient(monogram_svg("A", "one")), gradient(monogram_svg("B", "one")));
        assert_ne!(gradient(monogram_svg("A", "one")), gradient(monogram_svg("A", "two")));
    }

    #[test]
    fn hsl_is_converted_as_css_converts_it() {
        // hsl(0 45% 42%), hsl(120 45% 31%), hsl(210 45% 42%), truncated.
        assert_eq!(colour(0, 42), "#9b3a3a");
        assert_eq!(colour(120, 31), "#2b722b");
        assert_eq!(colour(210, 42), "#3a6b9b");
    }

    /// WCAG 2.2, relative luminance and contrast ratio against white.
    fn contrast_with_white(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        1.05 / (0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5) + 0.05)
    }

    #[test]
    fn white_text_is_readable_on_every_hue() {
        for hue in 0..360 {
            for lightness in [lightness(hue), lightness(hue) - 8] {
                let contrast = contrast_with_white(&colour(hue, lightness));
                assert!(contrast >= 4.5, "hue {hue} at {lightness} %: {contrast:.2}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_name_makes_a_well_formed_picture(name in any::<String>(), seed in any::<String>()) {
            let svg = monogram_svg(&name, &seed);
            prop_assert!(svg.starts_with("<svg ") && svg.ends_with("</text></svg>"));
            // Eleven tags, whatever the name holds, and no bare ampersand is left.
            prop_assert_eq!(svg.matches('<').count(), 11);
            prop_assert_eq!(svg.matches('>').count(), 11);
            prop_assert_eq!(svg.matches('"').count() % 2, 0);
            prop_assert_eq!(svg.matches('&').count(), svg.matches("&#").count());
            prop_assert!(svg.chars().all(is_xml));
        }
    }
}

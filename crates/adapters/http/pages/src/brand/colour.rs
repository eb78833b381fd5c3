//! The colour of buttons and links, and the variants of it that can be read on light and on dark pages.

use std::{fmt, str::FromStr};

use super::DEFAULT_COLOUR;

/// What WCAG 2.2 asks between text and what is behind it (success criterion 1.4.3).
const LEAST_CONTRAST: f64 = 4.5;

const WHITE: Colour = Colour([255, 255, 255]);
const BLACK: Colour = Colour([0, 0, 0]);
/// `--text` of `pages.css`, light.
const DARK_TEXT: Colour = Colour([0x15, 0x20, 0x2b]);
/// `--page`, light: of the light surfaces the darkest.
const LIGHT_PAGE: Colour = Colour([0xee, 0xf1, 0xf5]);
/// `--card`, dark.
const DARK_CARD: Colour = Colour([0x19, 0x21, 0x2a]);
/// `--soft`, dark: of the dark surfaces the lightest.
const DARK_SOFT: Colour = Colour([0x21, 0x2b, 0x36]);
/// `--page`, dark.
const DARK_PAGE: Colour = Colour([0x0e, 0x13, 0x19]);

/// An sRGB colour on which text, white or dark, can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Colour([u8; 3]);

/// Why a text is no colour to use.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ColourError {
    /// Not `#rrggbb`.
    #[error("must be a colour as #rrggbb, six hexadecimal digits")]
    Malformed,
    /// Neither white nor dark text can be read on it.
    #[error(
        "has too little contrast: white text on {colour} has {white:.2}:1, dark text {dark:.2}:1, and one of them must have \
         4.5:1; choose a darker or a lighter one"
    )]
    Contrast {
        /// The colour.
        colour: Colour,
        /// Its contrast with white text.
        white: f64,
        /// Its contrast with dark text.
        dark: f64,
    },
}

/// The custom properties of one colour scheme.
struct Palette {
    accent: Colour,
    accent_strong: Colour,
    action: Colour,
    action_strong: Colour,
    on_action: Colour,
    read: Colour,
}

impl FromStr for Colour {
    type Err = ColourError;

    fn from_str(text: &str) -> Result<Self, ColourError> {
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .ok_or(ColourError::Malformed)?;
        let number = u32::from_str_radix(digits, 16).map_err(|_| ColourError::Malformed)?;
        let [_, red, green, blue] = number.to_be_bytes();
        let colour = Self([red, green, blue]);
        let (white, dark) = (colour.contrast(WHITE), colour.contrast(DARK_TEXT));
        if white < LEAST_CONTRAST && dark < LEAST_CONTRAST {
            return Err(ColourError::Contrast { colour, white, dark });
        }
        Ok(colour)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([red, green, blue]) = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    /// Whether it is the one that the style sheet has anyway.
    pub(super) fn is_default(self) -> bool {
        self.to_string() == DEFAULT_COLOUR
    }

    /// CSS that sets what follows from the colour, for both schemes.
    pub(super) fn properties(self) -> String {
        format!(
            "\n:root {{{}}}\n@media (prefers-color-scheme: dark) {{ :root {{{}}} }}\n",
            self.light().declarations(),
            self.dark().declarations()
        )
    }

    /// Buttons have the colour itself; as text it is darkened until it can be read.
    fn light(self) -> Palette {
        let on_action = if self.contrast(WHITE) >= LEAST_CONTRAST {
            WHITE
        } else {
            DARK_TEXT
        };
        let read = WHITE.mixed(self, 12);
        let accent = self.towards(BLACK, &[LIGHT_PAGE, read]);
        Palette {
            accent,
            accent_strong: accent.mixed(BLACK, 20),
            action: self,
            // Away from the text.
            action_strong: self.mixed(if on_action == WHITE { BLACK } else { WHITE }, 20),
            on_action,
            read,
        }
    }

    /// Lightened until it can be read; buttons are as light, with dark text.
    fn dark(self) -> Palette {
        let read = DARK_CARD.mixed(self, 25);
        let accent = self.towards(WHITE, &[DARK_SOFT, read]);
        let accent_strong = accent.mixed(WHITE, 30);
        Palette {
            accent,
            accent_strong,
            action: accent,
            action_strong: accent_strong,
            on_action: DARK_PAGE,
            read,
        }
    }

    /// As little of `end` mixed in as is needed to be read on each of the surfaces.
    fn towards(self, end: Self, surfaces: &[Self]) -> Self {
        (0..=100)
            .map(|percent| self.mixed(end, percent))
            .find(|colour| surfaces.iter().all(|on| colour.contrast(*on) >= LEAST_CONTRAST))
            .unwrap_or(end)
    }

    fn mixed(self, other: Self, percent: u16) -> Self {
        let (Self([r, g, b]), Self([other_r, other_g, other_b])) = (self, other);
        let mix = |own: u8, other: u8| {
            let sum = u16::from(own) * (100 - percent) + u16::from(other) * percent;
            u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX)
        };
        Self([mix(r, other_r), mix(g, other_g), mix(b, other_b)])
    }

    /// WCAG 2.2, "contrast ratio": 1 to 21.
    fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let Self(channels) = self;
        let [red, green, blue] = channels.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126f64.mul_add(red, 0.7152f64.mul_add(green, 0.0722 * blue))
    }
}

impl Palette {
    fn declarations(&self) -> String {
        let Self {
            accent,
            accent_strong,
            action,
            action_strong,
            on_action,
            read,
        } = self;
        format!(
            " --accent: {accent}; --accent-strong: {accent_strong}; --action: {action}; --action-strong: {action_strong}; \
             --on-action: {on_action}; --read: {read}; --read-text: {accent_strong}; "
        )
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        let contrast = |one: Colour, other| (one.contrast(other) * 100.0).round() / 100.0;
        for (one, ratio) in [(BLACK, 21.0), (WHITE, 1.0), (Colour([0x76, 0x76, 0x76]), 4.54)] {
            assert!((contrast(one, WHITE) - ratio).abs() < 0.001, "{one}");
            assert!((contrast(WHITE, one) - ratio).abs() < 0.001, "{one}");
        }
    }

    #[test]
    fn only_colours_that_can_be_read_on_are_taken() {
        for malformed in [
            "", "0d5ca8", "#0d5ca", "#0d5ca80", "#0d5cag", "#+d5ca8", "blue", "#ä5ca8",
        ] {
            assert_eq!(malformed.parse::<Colour>(), Err(ColourError::Malformed), "{malformed}");
        }
        let refused = "#7a7a7a".parse::<Colour>().unwrap_err().to_string();
        assert!(refused.contains("white text on #7a7a7a has 4.29:1"), "{refused}");
        for colour in ["#000000", "#ffffff", "#ffd400", "#0D5CA8"] {
            assert_eq!(colour.parse::<Colour>().unwrap().to_string(), colour.to_lowercase());
        }
    }

    #[test]
    fn a_light_brand_has_dark_text_on_buttons_and_darkened_links() {
        let yellow = "#ffd400".parse::<Colour>().unwrap();
        let light = yellow.light();
        assert_eq!((light.action, light.on_action), (yellow, DARK_TEXT));
        assert_ne!(light.accent, yellow);
        assert_eq!(yellow.dark().accent, yellow, "on dark pages it can be read as it is");
    }

    #[test]
    fn what_is_assumed_of_the_style_sheet_is_true_of_it() {
        let css = include_str!("../../assets/pages.css");
        let (light, dark) = css.split_once("@media (prefers-color-scheme: dark)").unwrap();
        for (scheme, property, colour) in [
            (light, "text", DARK_TEXT),
            (light, "page", LIGHT_PAGE),
            (light, "accent", DEFAULT_COLOUR.parse().unwrap()),
            (dark, "card", DARK_CARD),
            (dark, "soft", DARK_SOFT),
            (dark, "page", DARK_PAGE),
        ] {
            let declaration = format!("  --{property}: {colour};");
            assert!(scheme.contains(&declaration), "{declaration}");
        }
    }

    proptest! {
        #[test]
        fn whatever_colour_is_taken_everything_can_be_read(channels: [u8; 3]) {
            let Ok(colour) = Colour(channels).to_string().parse::<Colour>() else {
                return Ok(());
            };
            for (palette, surfaces) in [
                (colour.light(), [WHITE, LIGHT_PAGE]),
                (colour.dark(), [DARK_SOFT, DARK_PAGE]),
            ] {
                for text in [palette.accent, palette.accent_strong] {
                    for on in surfaces.into_iter().chain([palette.read]) {
                        prop_assert!(text.contrast(on) >= LEAST_CONTRAST, "{text} on {on}");
                    }
                }
                for on in [palette.action, palette.action_strong] {
                    prop_assert!(palette.on_action.contrast(on) >= LEAST_CONTRAST, "{} on {on}", palette.on_action);
                }
            }
        }
    }
}

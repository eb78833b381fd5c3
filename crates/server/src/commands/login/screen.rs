//! What the person at the terminal sees: on standard error, since the token goes to standard output.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    pin::pin,
    time::Duration,
};

use qrcode::{Color, QrCode};
use rustix::termios::tcgetwinsize;
use tokio::time::{MissedTickBehavior, interval};

use crate::output::may_use_colour;

/// The light edge that readers need, in modules (ISO/IEC 18004 §6.3.8).
const QUIET_ZONE: usize = 4;

/// From one picture of the spinner to the next.
const FRAME: Duration = Duration::from_millis(100);

/// Back to the beginning of an empty line.
const CLEAR: &str = "\r\x1b[2K";

/// Standard error, as far as it matters.
pub(super) struct Screen {
    /// Whether a person looks at it, on something that can move its cursor.
    live: bool,
    /// Whether it shows more than ASCII.
    unicode: bool,
    /// Black on white, where colours are shown.
    black_on_white: Option<&'static str>,
    columns: usize,
    rows: usize,
}

impl Screen {
    /// Looks at what standard error is.
    pub(super) fn of_standard_error() -> Self {
        let variable = |name: &str| env::var(name).unwrap_or_default();
        let terminal = variable("TERM");
        // The first that is set decides (POSIX, 8.2).
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .map(variable)
            .find(|value| !value.is_empty())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let exact = terminal.contains("256color") || !variable("COLORTERM").is_empty();
        // Some terminals do not know their size.
        let size = tcgetwinsize(io::stderr()).ok();
        let size = size.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        Self {
            live: io::stderr().is_terminal() && !matches!(terminal.as_str(), "" | "dumb"),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            black_on_white: match (may_use_colour(), exact) {
                (false, _) => None,
                (true, true) => Some("\x1b[38;5;16;48;5;231m"),
                (true, false) => Some("\x1b[30;47m"),
            },
            columns: size.map_or(80, |size| usize::from(size.ws_col)),
            rows: size.map_or(24, |size| usize::from(size.ws_row)),
        }
    }

    /// Whether a person looks at it.
    pub(super) const fn is_live(&self) -> bool {
        self.live
    }

    /// Prints some lines.
    #[expect(clippy::unused_self, reason = "whoever can print here has looked at what it is")]
    pub(super) fn say(&self, text: &str) {
        // Whoever closed standard error does not want to read it.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// A text as a QR code in half blocks; `None` where that would not be seen, or is too wide.
    pub(super) fn qr_code(&self, text: &str) -> Option<String> {
        if !self.live || !self.unicode {
            return None;
        }
        let code = QrCode::new(text).ok()?;
        let size = code.width() + 2 * QUIET_ZONE;
        (size < self.columns).then(|| half_blocks(&code, self.black_on_white))
    }

    /// Whether so many lines are seen at once.
    pub(super) const fn has_room_for(&self, lines: usize) -> bool {
        lines <= self.rows
    }

    /// Shows that something is going on until `work` is done.
    pub(super) async fn spin<T>(&self, words: impl Fn() -> String, work: impl Future<Output = T>) -> T {
        const UNICODE: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
        const ASCII: [char; 4] = ['|', '/', '-', '\\'];
        if !self.live {
            return work.await;
        }
        let frames: &[char] = if self.unicode { &UNICODE } else { &ASCII };
        let mut ticks = interval(FRAME);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut work = pin!(work);
        let _line = Line;
        let mut frames = frames.iter().cycle();
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = ticks.tick() => {
                    let line = format!("{} {}", frames.next().unwrap_or(&' '), words());
                    let shown: String = line.chars().take(self.columns.saturating_sub(1)).collect();
                    let mut stderr = io::stderr();
                    let _ = write!(stderr, "{CLEAR}{shown}").and_then(|()| stderr.flush());
                }
            }
        }
    }
}

/// The spinner's line; empty again in the end, however that comes.
struct Line;

impl Drop for Line {
    fn drop(&mut self) {
        let mut stderr = io::stderr();
        let _ = write!(stderr, "{CLEAR}").and_then(|()| stderr.flush());
    }
}

/// Two rows of modules in a line. Without colours, what is light is drawn: terminals are mostly dark.
fn half_blocks(code: &QrCode, black_on_white: Option<&str>) -> String {
    let (width, colours) = (code.width(), code.to_colors());
    let size = width + 2 * QUIET_ZONE;
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET_ZONE).filter(|at| *at < width);
        let module = inside(x).zip(inside(y)).and_then(|(x, y)| colours.get(y * width + x));
        module == Some(&Color::Dark)
    };
    let is_drawn = |x: usize, y: usize| y < size && is_dark(x, y) == black_on_white.is_some();
    let mut text = String::new();
    for y in (0..size).step_by(2) {
        text.push_str(black_on_white.unwrap_or_default());
        text.extend((0..size).map(|x| match (is_drawn(x, y), is_drawn(x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        }));
        text.push_str(if black_on_white.is_some() { "\x1b[0m\n" } else { "\n" });
    }
    text
}

/// `29:58`
pub(super) fn clock(left: Duration) -> String {
    let seconds = left.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// In the largest unit that fits.
pub(super) fn in_words(span: Duration) -> String {
    let seconds = span.as_secs();
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Whether each module is dark, as somebody sees it who sees black on white.
    fn seen(text: &str, drawn_is_dark: bool) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in text.lines() {
            let line = line.trim_start_matches("\x1b[30;47m").trim_end_matches("\x1b[0m");
            let half = |upper: bool| {
                let drawn = |c: char| matches!((c, upper), ('█', _) | ('▀', true) | ('▄', false));
                line.chars().map(|c| drawn(c) == drawn_is_dark).collect()
            };
            rows.push(half(true));
            rows.push(half(false));
        }
        rows
    }

    #[test]
    fn a_qr_code_in_half_blocks_is_the_code_with_its_light_edge() {
        for text in ["http://127.0.0.1:8787/oauth/device?code=BKFT-DNLZ", "x"] {
            let code = QrCode::new(text).unwrap();
            for (colours, drawn_is_dark) in [(Some("\x1b[30;47m"), true), (None, false)] {
                let rows = seen(&half_blocks(&code, colours), drawn_is_dark);
                let size = code.width() + 2 * QUIET_ZONE;
                for (y, row) in rows.iter().take(size).enumerate() {
                    assert_eq!(row.len(), size);
                    for (x, dark) in row.iter().enumerate() {
                        let inside = |at: usize| (QUIET_ZONE..QUIET_ZONE + code.width()).contains(&at);
                        let expected = inside(x) && inside(y) && code[(x - QUIET_ZONE, y - QUIET_ZONE)] == Color::Dark;
                        assert_eq!(*dark, expected, "{x} {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!(clock(Duration::from_secs(1798)), "29:58");
        assert_eq!(clock(Duration::from_secs(5)), "0:05");
        for (seconds, words) in [
            (1, "1 second"),
            (90, "90 seconds"),
            (900, "15 minutes"),
            (7_200, "2 hours"),
            (2_592_000, "30 days"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}

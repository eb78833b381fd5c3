//! A bar for each day: how often tokens were issued, refreshed and refused.
//!
//! The bars are drawn in a box that stretches to whatever room there is, so that all text stands beside them in HTML.

/// How high the box is, in its own units.
const HEIGHT: f64 = 100.0;
/// How much of a day's width its bar takes.
const BAR: f64 = 0.72;
/// The lowest that a part of a bar is drawn, so that one refusal among thousands is seen.
const LEAST: f64 = 1.5;

/// What was answered on one day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct DayCounts {
    /// `2026-11-23`
    pub(super) day: String,
    pub(super) issued: u64,
    pub(super) refreshed: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
}

impl DayCounts {
    fn parts(&self) -> [(&'static str, u64); 4] {
        [
            ("issued", self.issued),
            ("refreshed", self.refreshed),
            ("refused", self.refused),
            ("failed", self.failed),
        ]
    }

    fn total(&self) -> u64 {
        self.parts().iter().map(|(_, count)| count).sum()
    }

    fn in_words(&self) -> String {
        let parts = self.parts().map(|(word, count)| format!("{count} {word}"));
        format!("{}: {}", self.day, parts.join(", "))
    }
}

/// A part of a bar.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Block {
    /// Which: the class that gives it its colour.
    pub(super) class: &'static str,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) height: f64,
}

/// A day's bar.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Bar {
    /// What pointing at it says.
    pub(super) words: String,
    pub(super) blocks: Vec<Block>,
}

/// The chart, and its numbers.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    /// The width of the box: a unit for each day.
    pub(super) width: usize,
    pub(super) bar_width: f64,
    /// What the upper edge stands for.
    pub(super) top: u64,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) issued: u64,
    pub(super) refreshed: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
    /// The days on which there was anything, the latest first.
    pub(super) days: Vec<DayCounts>,
}

impl Chart {
    /// Of days in their order.
    pub(super) fn of(days: &[DayCounts]) -> Self {
        let top = round_up(days.iter().map(DayCounts::total).max().unwrap_or_default());
        let sum = |count: fn(&DayCounts) -> u64| days.iter().map(count).sum();
        let day = |day: Option<&DayCounts>| day.map(|counts| counts.day.clone()).unwrap_or_default();
        Self {
            bars: days
                .iter()
                .enumerate()
                .map(|(index, counts)| bar(index, counts, top))
                .collect(),
            width: days.len(),
            bar_width: BAR,
            top,
            first: day(days.first()),
            last: day(days.last()),
            issued: sum(|counts| counts.issued),
            refreshed: sum(|counts| counts.refreshed),
            refused: sum(|counts| counts.refused),
            failed: sum(|counts| counts.failed),
            days: days.iter().rev().filter(|counts| counts.total() > 0).cloned().collect(),
        }
    }

    /// What it shows, in a sentence for those who do not see it.
    pub(super) fn in_words(&self) -> String {
        format!(
            "From {} to {}: {} issued, {} refreshed, {} refused, {} failed.",
            self.first, self.last, self.issued, self.refreshed, self.refused, self.failed
        )
    }

    pub(super) fn is_empty(&self) -> bool {
        self.days.is_empty()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture: no eye sees the difference from 2^53 on"
)]
fn bar(index: usize, counts: &DayCounts, top: u64) -> Bar {
    let mut y = HEIGHT;
    let mut blocks = Vec::new();
    for (class, count) in counts.parts() {
        if count > 0 {
            let height = (count as f64 / top as f64 * HEIGHT).max(LEAST).min(y);
            y -= height;
            blocks.push(Block {
                class,
                x: index as f64 + (1.0 - BAR) / 2.0,
                y: hundredths(y),
                height: hundredths(height),
            });
        }
    }
    Bar {
        words: counts.in_words(),
        blocks,
    }
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// The next of 1, 2, 3, 5, 10, 20, 30, 50, …
fn round_up(count: u64) -> u64 {
    let mut step: u64 = 1;
    loop {
        for factor in [1, 2, 3, 5] {
            let round = step.saturating_mul(factor);
            if round >= count {
                return round;
            }
        }
        step = step.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32, counts: [u64; 4]) -> DayCounts {
        let [issued, refreshed, refused, failed] = counts;
        DayCounts {
            day: format!("2026-11-{number:02}"),
            issued,
            refreshed,
            refused,
            failed,
        }
    }

    #[test]
    fn the_upper_edge_is_a_round_number() {
        for (count, edge) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 3),
            (4, 5),
            (6, 10),
            (21, 30),
            (50, 50),
            (51, 100),
        ] {
            assert_eq!(round_up(count), edge);
        }
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_bar_is_as_high_as_its_day_and_stays_in_the_box() {
        let chart = Chart::of(&[day(1, [5, 3, 2, 0]), day(2, [0; 4]), day(3, [100_000, 1, 1, 1])]);
        assert_eq!((chart.width, chart.top, chart.bars.len()), (3, 200_000, 3));
        assert_eq!(chart.bars[1].blocks, []);
        for block in chart.bars.iter().flat_map(|bar| &bar.blocks) {
            assert!(block.height >= LEAST && block.y >= 0.0 && block.y + block.height <= HEIGHT + 0.01);
        }
        let classes: Vec<_> = chart.bars[2].blocks.iter().map(|block| block.class).collect();
        assert_eq!(classes, ["issued", "refreshed", "refused", "failed"]);
        assert_eq!(
            chart.bars[0].words,
            "2026-11-01: 5 issued, 3 refreshed, 2 refused, 0 failed"
        );
        assert_eq!((chart.issued, chart.refused, chart.days.len()), (100_005, 3, 2));
        assert_eq!(chart.days[0].day, "2026-11-03");
    }

    #[test]
    fn a_chart_of_nothing_is_empty() {
        assert!(Chart::of(&[]).is_empty() && Chart::of(&[day(1, [0; 4])]).is_empty());
    }
}

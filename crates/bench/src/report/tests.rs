#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use super::*;
use crate::load::Histogram;

fn sample(rate: f64, p99: f64, cpu: f64) -> Sample {
    Sample {
        requests: 1_000,
        seconds: 1.0,
        rate,
        p50: p99 / 2.0,
        p99,
        longest: p99 * 2.0,
        cpu,
        postgres_cpu: Some(2.0 * cpu),
        redis_cpu: None,
        refused: 0,
        latencies: Histogram::default(),
    }
}

fn report() -> Report {
    let small = Figures::new(
        "10³ <records>",
        vec![sample(100.0, 1_000.0, 40.0), sample(50.0, 2_000.0, 50.0)],
    )
    .unwrap();
    let large = Figures::new(
        "10⁶ | records",
        vec![sample(200.0, 3_000.0, 60.0), sample(50.0, 2_000.0, 60.0)],
    )
    .unwrap();
    let findings = [
        large.ratio(&small, CPU, Some(Budget::AtMost(1.3))),
        large.ratio(&small, P99, Some(Budget::AtMost(1.9))),
        large.ratio(&small, RATE, Some(Budget::AtLeast(1.5))),
        large.ratio(&small, POSTGRES_CPU, None),
        small.ratio(&large, CPU, Some(Budget::AtMost(0.9))),
    ];
    Report {
        conditions: vec![("machine".into(), "a | b".into())],
        comparisons: vec![Comparison {
            title: "Growth & more".into(),
            method: "In turns.".into(),
            sides: vec![small, large],
            findings: findings.into_iter().flatten().collect(),
        }],
        races: vec![Race {
            name: "node".into(),
            what: "one code",
            uses: 20,
            winners: vec![1, 20, 3],
        }],
        footprints: vec![
            Footprint {
                name: "us".into(),
                idle: 20.0,
                loaded: 80.0,
                start: Spread::of([30.0, 40.0, 50.0]).unwrap(),
                binary: Some(24.75),
                findings: Vec::new(),
            }
            .judged([
                ("idle MB", Budget::AtMost(25.0)),
                ("MB at most", Budget::AtMost(60.0)),
                ("ms", Budget::AtMost(100.0)),
                ("binary", Budget::AtMost(25.0)),
            ]),
        ],
    }
}

#[test]
fn the_page_has_figures_ratios_and_verdicts() {
    let page = report().markdown();
    for line in [
        "| machine | a \\| b |",
        "## Growth & more",
        "| 10³ <records> | 75 (50–100) | 0.75 (0.50–1.00) | 1.50 (1.00–2.00) | 45.0 (40.0–50.0) | 90 (80–100) | – |",
        // 60/40 and 60/50: between 1.2 and 1.5.
        "| server CPU per request: 10⁶ \\| records to 10³ <records> | 1.35 (1.20–1.50) | ≤ 1.3, **missed** |",
        "| p99: 10⁶ \\| records to 10³ <records> | 2.00 (1.00–3.00) | ≤ 1.9, **missed** |",
        "| requests per second: 10⁶ \\| records to 10³ <records> | 1.50 (1.00–2.00) | ≥ 1.5, kept |",
        "| Postgres CPU per request: 10⁶ \\| records to 10³ <records> | 1.35 (1.20–1.50) |  |",
        "| server CPU per request: 10³ <records> to 10⁶ \\| records | 0.75 (0.67–0.83) | ≤ 0.9, kept |",
        "| node | one code | 20 | 1 20 3 | 24 of 60 |",
        "| us | 20.0 | 80.0 | 40 (30–50) | 24.8 |",
        "| MB at most | 80.00 | ≤ 60, **missed** |",
        "| ms | 40.00 (30.00–50.00) | ≤ 100, kept |",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[test]
fn the_chart_has_a_bar_for_each_side_as_long_as_its_rate() {
    let svg = chart::draw(&report());
    assert!(
        svg.contains(">Growth &amp; more<") && svg.contains(">10³ &lt;records&gt;<"),
        "{svg}"
    );
    // 125 of at most 200 on 510 units.
    assert!(svg.contains("width=\"318.8\" height=\"18\""), "{svg}");
    assert!(
        svg.contains("width=\"191.2\" height=\"18\"") || svg.contains("width=\"191.3\" height=\"18\""),
        "{svg}"
    );
    assert_eq!(svg.matches("<path").count(), 2);
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
}

#[test]
fn the_files_are_written_and_the_json_has_every_round() {
    let folder = tempfile::tempdir().unwrap();
    let page = report().write(&folder.path().join("made/for/it")).unwrap();
    assert_eq!(fs::read_to_string(&page).unwrap(), report().markdown());
    assert!(page.with_file_name("report.svg").is_file());
    let json = fs::read_to_string(page.with_file_name("report.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let side = &json["comparisons"][0]["sides"][1];
    assert_eq!(side["rounds"][0]["rate"], 200.0);
    assert_eq!(side["rate"]["median"], 125.0);
    assert_eq!(json["comparisons"][0]["findings"][0]["budget"]["at_most"], 1.3);
}

#[test]
fn a_side_without_rounds_has_no_figures() {
    assert!(Figures::new("none", Vec::new()).is_err());
}

#[test]
fn rounds_together_have_quantiles_of_their_own() {
    let side = |slow: usize| {
        let mut rounds = vec![sample(1.0, 1.0, 1.0); 2];
        for round in &mut rounds {
            for at in 0..100 {
                round
                    .latencies
                    .record(Duration::from_millis(if at < slow { 90 } else { 10 }));
            }
        }
        Figures::new("side", rounds).unwrap()
    };
    let near = |found: f64, wanted: f64| assert!((found / wanted - 1.0).abs() < 0.01, "{found} {wanted}");
    near(side(1).overall(0.99), 10_000.0);
    near(side(2).overall(0.99), 90_000.0);
    let found = side(2).overall_ratio(&side(1), 0.99, None).unwrap();
    near(found.spread.median, 9.0);
    assert!(found.what.starts_with("p99 of all rounds together"));
}

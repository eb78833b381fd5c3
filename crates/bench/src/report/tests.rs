#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

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
    let ratios = [
        large.ratio(&small, CPU, Some(Budget::AtMost(1.3))),
        large.ratio(&small, P99, Some(Budget::AtMost(1.9))),
        large.ratio(&small, RATE, Some(Budget::AtLeast(1.5))),
        large.ratio(&small, POSTGRES_CPU, None),
    ];
    Report {
        conditions: vec![("machine".into(), "a | b".into())],
        comparisons: vec![Comparison {
            title: "Growth & more".into(),
            method: "In turns.".into(),
            sides: vec![small, large],
            ratios: ratios.into_iter().flatten().collect(),
        }],
    }
}

#[test]
fn the_page_has_figures_ratios_and_verdicts() {
    let page = report().markdown();
    for line in [
        "| machine | a \\| b |",
        "## Growth & more",
        "| 10³ <records> | 75 (50–100) | 0.75 (0.50–1.00) | 1.50 (1.00–2.00) | 45 (40–50) | 90 (80–100) | – |",
        // 60/40 and 60/50: between 1.2 and 1.5.
        "| server CPU per request: 10⁶ \\| records to 10³ <records> | 1.35 (1.20–1.50) | ≤ 1.3, **missed** |",
        "| p99: 10⁶ \\| records to 10³ <records> | 2.00 (1.00–3.00) | ≤ 1.9, **missed** |",
        "| requests per second: 10⁶ \\| records to 10³ <records> | 1.50 (1.00–2.00) | ≥ 1.5, kept |",
        "| Postgres CPU per request: 10⁶ \\| records to 10³ <records> | 1.35 (1.20–1.50) |  |",
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
    assert_eq!(json["comparisons"][0]["ratios"][0]["budget"]["at_most"], 1.3);
}

#[test]
fn a_side_without_rounds_has_no_figures() {
    assert!(Figures::new("none", Vec::new()).is_err());
}

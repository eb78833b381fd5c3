#![allow(clippy::unwrap_used)]

use super::{difference::Difference, items::as_written};

const KEPT: &str = "our-crate 0.3.1
pub mod our_crate
pub enum our_crate::Colour
pub our_crate::Colour::Red
#[non_exhaustive] pub enum our_crate::Fault
pub our_crate::Fault::Slow
pub struct our_crate::Point
pub our_crate::Point::x: i64
pub struct our_crate::Sealed { .. }
pub our_crate::Sealed::shown: u8
pub fn our_crate::Sealed::new() -> our_crate::Sealed
pub trait our_crate::Store: core::marker::Send
pub fn our_crate::Store::find(&self, &str) -> core::option::Option<our_crate::Point>
";

fn with(line: &str, version: &str) -> Difference {
    Difference::between(KEPT, &format!("{}{line}\n", KEPT.replace("0.3.1", version)))
}

fn breaks(line: &str) -> bool {
    with(line, "0.3.1").to_string().contains("breaking:")
}

#[test]
fn what_is_gone_or_changed_breaks() {
    let found = KEPT.replace("x: i64", "x: u64");
    let difference = Difference::between(KEPT, &found);
    let shown = difference.to_string();
    assert!(
        shown.contains("- pub our_crate::Point::x: i64\n      breaking"),
        "{shown}"
    );
    assert!(shown.contains("+ pub our_crate::Point::x: u64"), "{shown}");
    assert_eq!(
        difference.advice(),
        "a breaking change: raise the version to 0.4.0 if 0.3.1 has been released"
    );
}

#[test]
fn what_others_must_follow_breaks_though_it_is_only_added() {
    assert!(breaks("pub our_crate::Colour::Green"));
    assert!(breaks("pub our_crate::Colour::Mixed(u8)"));
    assert!(breaks("pub our_crate::Point::y: i64"));
    assert!(breaks("pub fn our_crate::Store::purge<'a>(&'a self) -> u64"));
    assert!(breaks("pub type our_crate::Store::Key"));
    assert!(breaks("impl !core::marker::Send for our_crate::Point"));
}

#[test]
fn what_others_need_not_notice_does_not_break() {
    assert!(!breaks("pub our_crate::Fault::Gone"));
    assert!(!breaks("pub fn our_crate::Point::length(&self) -> f64"));
    assert!(!breaks("pub fn our_crate::Store::count(&self) -> u64 { … }"));
    assert!(!breaks("pub our_crate::Sealed::size: usize"));
    assert!(!breaks(
        "pub fn our_crate::colours() -> alloc::vec::Vec<our_crate::Colour>"
    ));
    assert!(!breaks("impl core::clone::Clone for our_crate::Point"));
    assert!(!breaks("pub enum our_crate::Shade"));
}

#[test]
fn the_advice_is_the_least_version_that_will_do_and_sees_when_it_has_been_taken() {
    let advice = |line: &str, version: &str| with(line, version).advice();
    let harmless = "pub fn our_crate::length() -> f64";
    assert_eq!(
        advice(harmless, "0.3.1"),
        "an addition: raise the version to 0.3.2 if 0.3.1 has been released"
    );
    assert_eq!(
        advice(harmless, "0.3.2"),
        "an addition; the version has been raised to 0.3.2"
    );
    assert_eq!(
        advice("pub our_crate::Colour::Green", "0.3.2"),
        "a breaking change: raise the version to 0.4.0 if 0.3.1 has been released"
    );
    assert_eq!(
        advice("pub our_crate::Colour::Green", "1.0.0"),
        "a breaking change; the version has been raised to 1.0.0"
    );
    let stable = KEPT.replace("0.3.1", "1.2.0");
    let removed = stable.replace("pub our_crate::Colour::Red\n", "");
    assert!(Difference::between(&stable, &removed).advice().contains("to 2.0.0"));
    let added = format!("{stable}{harmless}\n");
    assert!(Difference::between(&stable, &added).advice().contains("to 1.3.0"));
    assert_eq!(advice("", "0.4.0"), "the version went from 0.3.1 to 0.4.0");
}

#[test]
fn without_a_snapshot_everything_is_new() {
    let difference = Difference::between("", KEPT);
    assert!(difference.advice().contains("none of them known before"));
    assert!(!difference.to_string().contains("breaking"));
}

#[test]
fn a_function_of_an_async_trait_is_shown_as_it_was_written() {
    let expanded = "pub fn our_crate::Store::find<'life0, 'life1, 'async_trait>(&'life0 self, &'life1 str, u32) -> \
                    core::pin::Pin<alloc::boxed::Box<(dyn core::future::future::Future<Output = \
                    core::result::Result<u64, our_crate::Error>> + core::marker::Send + 'async_trait)>> \
                    where Self: 'async_trait, 'life0: 'async_trait, 'life1: 'async_trait";
    assert_eq!(
        as_written(expanded).as_deref(),
        Some(
            "#[async_trait] pub async fn our_crate::Store::find(&self, &str, u32) -> \
             core::result::Result<u64, our_crate::Error>"
        )
    );
    assert_eq!(as_written("pub fn our_crate::length(&str) -> usize"), None);
    let broken = with(
        "#[async_trait] pub async fn our_crate::Store::purge(&self) -> u64",
        "0.3.1",
    );
    assert!(broken.to_string().contains("breaking: whoever implements"), "{broken}");
}

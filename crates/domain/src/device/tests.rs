#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const ASKED: Timestamp = Timestamp::from_seconds(1_795_000_000);
const LIFETIME: Duration = Duration::from_secs(1800);

fn request() -> DeviceRequest {
    DeviceRequest {
        device_code: Digest::of("device"),
        user_code: "BKFT-DNLZ".parse().unwrap(),
        client: ClientUid::new(Uuid::from_u128(1)),
        client_id: ClientId::new([9; 10]),
        scope: "write:dataset read:report".parse().unwrap(),
        audience: Resource::parse("https://bi.example.com").unwrap(),
        origin: DeviceOrigin::default(),
        token_record: TokenRecordId::new(Uuid::from_u128(2)),
        issued_at: ASKED,
        expires_at: ASKED + LIFETIME,
    }
}

fn own() -> DevicePresentation {
    DevicePresentation {
        client: request().client,
        resource: None,
    }
}

fn after(seconds: u64) -> Timestamp {
    ASKED + Duration::from_secs(seconds)
}

fn yes() -> Decision {
    request().approval("ada", request().scope).unwrap()
}

fn pending() -> DeviceAuthorization {
    DeviceAuthorization::new(request())
}

fn approved() -> DeviceAuthorization {
    pending().decide(&yes(), after(1)).0
}

#[test]
fn polling_at_the_interval_is_pending_for_ever() {
    let mut device = pending();
    for poll in 1..300 {
        let (next, answer) = device.poll(&own(), after(poll * 5));
        assert_eq!(answer, DevicePoll::Pending, "poll {poll}");
        device = next;
    }
}

#[test]
fn each_poll_that_comes_too_early_makes_the_wait_longer_and_that_lasts() {
    let (device, _) = pending().poll(&own(), after(5));
    let (device, answer) = device.poll(&own(), after(6));
    assert_eq!(answer, DevicePoll::SlowDown(Duration::from_secs(10)));
    let (device, answer) = device.poll(&own(), after(11));
    assert_eq!(
        answer,
        DevicePoll::SlowDown(Duration::from_secs(15)),
        "five seconds are not enough any more"
    );
    let (device, answer) = device.poll(&own(), after(26));
    assert_eq!(answer, DevicePoll::Pending);
    let (_, answer) = device.poll(&own(), after(36));
    assert_eq!(
        answer,
        DevicePoll::SlowDown(Duration::from_secs(20)),
        "a good poll does not make up for it"
    );
}

#[test]
fn a_timer_that_is_a_little_early_is_borne() {
    let (device, _) = pending().poll(&own(), after(5));
    let early = after(10).minus(POLL_LEEWAY);
    assert_eq!(device.clone().poll(&own(), early).1, DevicePoll::Pending);
    let earlier = early.minus(Duration::from_micros(1));
    assert!(matches!(device.poll(&own(), earlier).1, DevicePoll::SlowDown(_)));
}

#[test]
fn an_approval_is_handed_out_whatever_the_pace_and_once() {
    let (hurried, _) = pending().poll(&own(), after(1));
    let (hurried, _) = hurried.poll(&own(), after(1));
    let (device, _) = hurried.decide(&yes(), after(2));
    let (device, answer) = device.poll(&own(), after(2));
    let DevicePoll::Granted(grant) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!((grant.username.as_str(), grant.scope), ("ada", request().scope));
    assert_eq!(device.poll(&own(), after(3)).1, DevicePoll::Redeemed);
}

#[test]
fn nobody_grants_more_than_was_asked_for_but_less_they_may() {
    let granted = |names: &str| {
        let decision = request().approval("ada", names.parse().unwrap())?;
        let Decision::Approve(approval) = decision else {
            panic!("not a yes");
        };
        Some(approval.scope().to_string())
    };
    assert_eq!(granted("write:global read:report").unwrap(), "read:report");
    assert_eq!(
        granted("read:dataset").unwrap(),
        "read:dataset",
        "reading of what could be written"
    );
    assert_eq!(granted("write:report"), None);
    assert_eq!(granted(""), None);
}

#[test]
fn what_is_decided_stays_decided() {
    let no = Decision::Deny;
    let denied = pending().decide(&no, after(1)).0;
    for decided in [approved(), denied.clone(), approved().poll(&own(), after(2)).0] {
        for decision in [yes(), no.clone()] {
            let (same, answer) = decided.clone().decide(&decision, after(3));
            assert_eq!(answer, DeviceDecision::DecidedBefore);
            assert_eq!(same, decided);
        }
    }
    assert_eq!(denied.poll(&own(), after(2)).1, DevicePoll::Denied);
}

#[test]
fn from_its_expiry_on_nothing_happens() {
    for device in [pending(), approved()] {
        let (same, answer) = device.clone().poll(&own(), request().expires_at);
        assert_eq!((same, answer), (device.clone(), DevicePoll::Expired));
        let (same, answer) = device.clone().decide(&yes(), request().expires_at);
        assert_eq!((same, answer), (device, DeviceDecision::Unknown));
    }
    let last = request().expires_at.minus(Duration::from_micros(1));
    assert!(matches!(approved().poll(&own(), last).1, DevicePoll::Granted(_)));
    assert!(pending().is_open(last) && !pending().is_open(request().expires_at));
    assert!(!approved().is_open(after(2)));
}

#[test]
fn another_client_or_resource_changes_nothing() {
    let other = DevicePresentation {
        client: ClientUid::new(Uuid::from_u128(7)),
        resource: None,
    };
    let elsewhere = DevicePresentation {
        resource: Some("https://elsewhere.example.com".into()),
        ..own()
    };
    for device in [pending(), approved()] {
        let (same, answer) = device.clone().poll(&other, after(9));
        assert_eq!((same, answer), (device.clone(), DevicePoll::OtherClient));
        let (same, answer) = device.clone().poll(&elsewhere, after(9));
        assert_eq!((same, answer), (device, DevicePoll::OtherResource));
    }
    let here = DevicePresentation {
        resource: Some("https://bi.example.com".into()),
        ..own()
    };
    assert!(matches!(approved().poll(&here, after(9)).1, DevicePoll::Granted(_)));
}

#[test]
fn user_codes_are_read_as_people_type_them() {
    for text in [
        "BKFT-DNLZ",
        "bkftdnlz",
        " bkft dnlz ",
        "b-k-f-t-d-n-l-z",
        "BKFT–DNLZ",
        "BKFT—DNLZ",
        "BKFT--DNLZ\r\n",
        "\"BKFT-DNLZ\"",
        "“bkft‑dnlz”.",
        "BKFT_DNLZ",
        "ＢＫＦＴ－ＤＮＬＺ",
        "ｂｋｆｔｄｎｌｚ",
        "\u{feff}BKFT\u{200b}DNLZ",
    ] {
        assert_eq!(text.parse::<UserCode>().unwrap(), request().user_code, "{text}");
    }
    for text in [
        "",
        "BKFT-DNL",
        "BKFT-DNLZB",
        "AKFT-DNLZ",
        "BKFT-DNL1",
        "ВKFT-DNLZ",
        "BKFT-DNLЖ",
        "１２３４-５６７８",
        "—",
    ] {
        assert_eq!(text.parse::<UserCode>(), Err(InvalidUserCode), "{text}");
    }
    assert_eq!(" ".repeat(1 << 16).parse::<UserCode>(), Err(InvalidUserCode));
    assert_eq!(
        UserCode::from_places([0, 1, 2, 3, 4, 19, 20, 255]).to_string(),
        "BCDF-GZBT"
    );
    assert_eq!(format!("{:?}", request().user_code), "UserCode(***)");
}

#[test]
fn a_device_is_described_by_what_it_says_of_itself() {
    let kind = |agent: &str| DeviceOrigin::new(None, Some(agent)).kind();
    assert_eq!(kind("informer-cli/2.1 (linux)"), DeviceKind::Program);
    assert_eq!(kind("curl/8.5.0"), DeviceKind::Program);
    assert_eq!(
        kind("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"),
        DeviceKind::Computer
    );
    assert_eq!(
        kind("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Mobile/15E148"),
        DeviceKind::Phone
    );
    assert_eq!(
        kind("Mozilla/5.0 (Linux; Android 16; Pixel Tablet)"),
        DeviceKind::Tablet
    );
    assert_eq!(kind("Mozilla/5.0 (SMART-TV; Linux; Tizen 9.0)"), DeviceKind::Television);
    assert_eq!(kind(" \u{7}\n"), DeviceKind::Unknown);
    assert_eq!(DeviceOrigin::new(None, None).kind(), DeviceKind::Unknown);
    let long = DeviceOrigin::new(None, Some(&"é".repeat(1000)));
    assert_eq!(long.agent().unwrap().chars().count(), 200);
    assert_eq!(DeviceOrigin::new(None, Some("a\r\nb")).agent(), Some("ab"));
}

#[derive(Clone, Debug)]
enum Step {
    Poll { own: bool },
    Approve,
    Deny,
}

fn steps() -> impl Strategy<Value = Vec<(Step, u64)>> {
    let step = prop_oneof![
        4 => any::<bool>().prop_map(|own| Step::Poll { own }),
        1 => Just(Step::Approve),
        1 => Just(Step::Deny),
    ];
    prop::collection::vec((step, 0..120_u64), 0..60)
}

proptest! {
    /// Whatever happens in whatever order: tokens at most once, only to the client, only after a yes that came first and
    /// in time; the interval never shrinks.
    #[test]
    fn tokens_are_given_once_to_the_right_client_after_a_yes(steps in steps()) {
        let mut device = pending();
        let mut now = ASKED;
        let mut first_decision = None;
        let mut grants = 0;
        let mut waits = POLL_INTERVAL;
        for (step, seconds) in steps {
            now = now + Duration::from_secs(seconds);
            device = match step {
                Step::Poll { own: is_own } => {
                    let presented = if is_own { own() } else {
                        DevicePresentation { client: ClientUid::new(Uuid::from_u128(5)), ..own() }
                    };
                    let (next, answer) = device.poll(&presented, now);
                    match answer {
                        DevicePoll::Granted(_) => {
                            grants += 1;
                            prop_assert!(is_own);
                            prop_assert_eq!(first_decision, Some(true));
                            prop_assert!(now < request().expires_at);
                        }
                        DevicePoll::SlowDown(wait) => {
                            prop_assert!(wait > waits);
                            waits = wait;
                        }
                        _ => {}
                    }
                    next
                }
                Step::Approve | Step::Deny => {
                    let is_yes = matches!(step, Step::Approve);
                    let decision = if is_yes { yes() } else { Decision::Deny };
                    let (next, answer) = device.decide(&decision, now);
                    if matches!(answer, DeviceDecision::Decided(_)) {
                        prop_assert_eq!(first_decision, None);
                        first_decision = Some(is_yes);
                    }
                    next
                }
            };
        }
        prop_assert!(grants <= 1);
    }
}

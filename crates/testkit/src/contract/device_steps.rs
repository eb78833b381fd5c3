//! Obligations of [`DeviceStore`]: many steps in any order, each answered as the rules of
//! [`DeviceAuthorization`] answer it.

use std::collections::BTreeMap;

use informer_oauth_domain::{
    device::{Decision, DeviceAuthorization, DeviceDecision, DevicePoll, DevicePresentation, DeviceRequest},
    scope::{Scope, ScopeSet},
    timestamp::Timestamp,
};
use informer_oauth_ports::{DeviceInsertion, DeviceStore, Entropy};

use super::Answered;
use crate::{
    SeededEntropy,
    values::{NOW, TICK, UNLIMITED, a_device_request, audience, client_uid, digest, seconds, user_code},
};

/// How many sequences there are. Each has devices of its own, so that they may share a store.
const RUNS: u64 = 8;
const STEPS: usize = 50;
/// How many devices a sequence has.
const DEVICES: u64 = 3;

/// Draws of one sequence.
struct Draws(SeededEntropy);

impl Draws {
    /// A number below `bound`.
    fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound
    }

    fn one_of<T: Copy>(&self, choices: &[T]) -> T {
        let mut byte = [0];
        self.0.fill(&mut byte);
        choices[usize::from(byte[0]) % choices.len()]
    }

    /// How time goes on: hardly, by about an interval, by a long pause. Long pauses reach expiry and forgetting.
    fn wait(&self) -> std::time::Duration {
        let about = self.one_of(&[5, 10, 15]);
        match self.below(36) {
            0..18 => TICK,
            18..24 => seconds(about),
            24..28 => seconds(about).saturating_sub(seconds(1) / 2),
            28..32 => seconds(about).saturating_sub(seconds(1) / 2 + TICK),
            32..35 => seconds(self.below(60)),
            _ => seconds(self.below(900)),
        }
    }

    fn presentation(&self, request: &DeviceRequest) -> DevicePresentation {
        DevicePresentation {
            client: if self.below(6) == 0 {
                client_uid(9)
            } else {
                request.client
            },
            resource: match self.below(6) {
                0 => Some("urn:other".into()),
                1 | 2 => Some(audience().as_str().to_owned()),
                _ => None,
            },
        }
    }

    fn decision(&self, request: &DeviceRequest) -> Decision {
        let single = self.one_of(&Scope::ALL).into();
        let scope = self.one_of(&[ScopeSet::ALL, request.scope, single]);
        if self.below(3) == 0 {
            return Decision::Deny;
        }
        let username = format!("user {}", self.below(3));
        request.approval(&username, scope).unwrap_or(Decision::Deny)
    }
}

/// What a store must hold.
#[derive(Default)]
struct Model(BTreeMap<u64, DeviceAuthorization>);

impl Model {
    /// The device, unless the memory of it has ended.
    fn known(&self, n: u64, now: Timestamp) -> Option<DeviceAuthorization> {
        let kept = self.0.get(&n).cloned();
        kept.filter(|device| now < device.request().forgotten_at())
    }

    fn find(&self, n: u64, now: Timestamp) -> Option<DeviceRequest> {
        let open = self.known(n, now).filter(|device| device.is_open(now));
        open.map(|device| device.request().clone())
    }

    fn poll(&mut self, n: u64, presented: &DevicePresentation, now: Timestamp) -> DevicePoll {
        let Some(device) = self.known(n, now) else {
            return DevicePoll::Unknown;
        };
        let (device, answer) = device.poll(presented, now);
        self.0.insert(n, device);
        answer
    }

    fn decide(&mut self, n: u64, decision: &Decision, now: Timestamp) -> DeviceDecision {
        let Some(device) = self.known(n, now) else {
            return DeviceDecision::Unknown;
        };
        let (device, answer) = device.decide(decision, now);
        self.0.insert(n, device);
        answer
    }
}

async fn insert(store: &dyn DeviceStore, model: &mut Model, n: u64, now: Timestamp, draws: &Draws) {
    let request = DeviceRequest {
        issued_at: now,
        expires_at: now + seconds(60 + draws.below(600)),
        ..a_device_request(n)
    };
    // Device codes are never drawn twice; the user code is the one that is there already.
    let again = DeviceRequest {
        device_code: digest(1_000_000 + n),
        ..request.clone()
    };
    match model.0.get(&n) {
        None => {
            assert_eq!(
                store.insert(&request, UNLIMITED, request.issued_at).await.answered(),
                DeviceInsertion::Inserted
            );
            model.0.insert(n, DeviceAuthorization::new(request));
        }
        Some(there) if now < there.request().forgotten_at() => {
            assert_eq!(
                store.insert(&again, UNLIMITED, again.issued_at).await.answered(),
                DeviceInsertion::UserCodeTaken
            );
        }
        // Its user code is free again; device codes of the model are drawn once.
        Some(_) => {}
    }
}

pub async fn any_steps_in_any_order_are_answered_by_the_rule(store: &dyn DeviceStore) {
    let mut outcomes = BTreeMap::<&str, u32>::new();
    for seed in 0..RUNS {
        let draws = Draws(SeededEntropy::new(seed));
        let mut model = Model::default();
        let mut now = NOW;
        let mut trace = Vec::new();
        for n in 0..DEVICES {
            insert(store, &mut model, 10 * seed + n, now, &draws).await;
        }
        for _ in 0..STEPS {
            now = now + draws.wait();
            let n = 10 * seed + draws.below(DEVICES);
            let request = a_device_request(n);
            let so_far = |step: &str| format!("run {seed} at {now}, device {n}: {step}");
            match draws.below(16) {
                0 => {
                    trace.push(so_far("insert"));
                    insert(store, &mut model, n, now, &draws).await;
                }
                1 | 2 => {
                    trace.push(so_far("find"));
                    let found = store.find(&user_code(n), now).await.answered();
                    assert_eq!(found, model.find(n, now), "{trace:#?}");
                }
                3 => {
                    let decision = draws.decision(&request);
                    trace.push(so_far(&format!("{decision:?}")));
                    let decided = store.decide(&user_code(n), &decision, now).await.answered();
                    assert_eq!(decided, model.decide(n, &decision, now), "{trace:#?}");
                }
                _ => {
                    let presented = draws.presentation(&request);
                    trace.push(so_far(&format!("{presented:?}")));
                    let polled = store.poll(&digest(n), &presented, now).await.answered();
                    assert_eq!(polled, model.poll(n, &presented, now), "{trace:#?}");
                    *outcomes.entry(outcome(&polled)).or_default() += 1;
                }
            }
        }
    }
    assert_eq!(outcomes.len(), 9, "the steps come to every end there is: {outcomes:?}");
}

const fn outcome(poll: &DevicePoll) -> &'static str {
    match poll {
        DevicePoll::Pending => "pending",
        DevicePoll::SlowDown(_) => "slow down",
        DevicePoll::Granted(_) => "granted",
        DevicePoll::Denied => "denied",
        DevicePoll::Expired => "expired",
        DevicePoll::Redeemed => "redeemed",
        DevicePoll::OtherClient => "other client",
        DevicePoll::OtherResource => "other resource",
        DevicePoll::Unknown => "unknown",
    }
}

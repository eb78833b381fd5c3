//! The device flow as a device and its person see it (RFC 8628).

use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Browser, Client, Request, World};

pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What a device was told when it asked.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "the RFC's word is `device_code`")]
pub(crate) struct Device {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
    pub(crate) answer: Value,
}

impl Device {
    /// A device that asks for what its client may ask for.
    #[track_caller]
    pub(crate) fn start(world: &World, client: &Client) -> Self {
        Self::start_with(world, client, &[])
    }

    #[track_caller]
    pub(crate) fn start_with(world: &World, client: &Client, pairs: &[(&str, &str)]) -> Self {
        Self::read(&world.http.send(client.post("/oauth/device_authorization", pairs)))
    }

    #[track_caller]
    pub(crate) fn read(answer: &Answer) -> Self {
        let answer = answer.oauth_json();
        let text = |name: &str| answer[name].as_str().expect("a text").to_owned();
        Self {
            device_code: text("device_code"),
            user_code: text("user_code"),
            answer: answer.clone(),
        }
    }

    pub(crate) fn decision(&self, approve: bool) -> Value {
        json!({ "user_code": self.user_code, "approve": approve })
    }

    /// What the person says, by the JSON door.
    pub(crate) fn decide(&self, person: &Browser, approve: bool) -> Answer {
        person.api("POST", "/api/oauth/authorize_device", Some(&self.decision(approve)))
    }

    /// What the person is told of the device, by the JSON door.
    pub(crate) fn shown(&self, person: &Browser) -> Answer {
        shown(person, &self.user_code)
    }
}

/// What a person is told who types this.
pub(crate) fn shown(person: &Browser, typed: &str) -> Answer {
    person.api(
        "POST",
        "/api/oauth/device_user_code",
        Some(&json!({ "user_code": typed })),
    )
}

impl Client {
    /// One poll.
    pub(crate) fn poll(&self, device: &Device) -> Request {
        self.post(
            "/oauth/token",
            &[("grant_type", DEVICE_GRANT), ("device_code", &device.device_code)],
        )
    }
}

/// A wait after which a poll is not too fast, to begin with.
pub(crate) const INTERVAL: Duration = Duration::from_secs(5);

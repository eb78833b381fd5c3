use std::net::IpAddr;

use crate::attempts::address_group;

/// The longest `User-Agent` that is kept, in characters.
const AGENT_LIMIT: usize = 200;

/// Where a device's request came from: shown to the person who decides, who may notice that it is not their device
/// (RFC 8628 §5.4).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeviceOrigin {
    address: Option<IpAddr>,
    agent: Option<String>,
}

/// What kind of device it says it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceKind {
    /// A telephone.
    Phone,
    /// A tablet.
    Tablet,
    /// A television or a box beside one.
    Television,
    /// A computer with a browser.
    Computer,
    /// A program without a browser: a command line, a script, a box.
    Program,
    /// It does not say.
    Unknown,
}

impl DeviceOrigin {
    /// Keeps the address, and of the `User-Agent` header what can be shown: no control characters, 200 characters at most.
    pub fn new(address: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let agent = user_agent.map(|text| {
            text.chars()
                .filter(|c| !c.is_control())
                .take(AGENT_LIMIT)
                .collect::<String>()
        });
        Self {
            address,
            agent: agent.filter(|text| !text.trim().is_empty()),
        }
    }

    /// The address of the device, or of the network it is in.
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Key under which requests from this address are counted: see [`address_group`].
    pub fn address_group(&self) -> String {
        address_group(self.address)
    }

    /// What the device calls itself.
    pub fn agent(&self) -> Option<&str> {
        self.agent.as_deref()
    }

    /// The kind of device, as far as its name tells: a device may lie, so this is a hint for a person and nothing else.
    pub fn kind(&self) -> DeviceKind {
        let Some(agent) = &self.agent else {
            return DeviceKind::Unknown;
        };
        let agent = agent.to_ascii_lowercase();
        let names = |words: &[&str]| words.iter().any(|word| agent.contains(word));
        if names(&[
            "smart-tv", "smarttv", "appletv", "tvos", "bravia", "roku", "crkey", "hbbtv", "aft",
        ]) {
            DeviceKind::Television
        } else if names(&["ipad", "tablet"]) || (names(&["android"]) && !names(&["mobile"])) {
            DeviceKind::Tablet
        } else if names(&["iphone", "mobile"]) {
            DeviceKind::Phone
        } else if names(&["mozilla/"]) {
            DeviceKind::Computer
        } else {
            DeviceKind::Program
        }
    }
}

impl DeviceKind {
    /// In words, for a sentence like "a request from …".
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Phone => "a phone",
            Self::Tablet => "a tablet",
            Self::Television => "a television",
            Self::Computer => "a computer",
            Self::Program => "a program or command line",
            Self::Unknown => "an unknown device",
        }
    }
}

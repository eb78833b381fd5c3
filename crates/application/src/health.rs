//! Whether the service can do its work.

use std::sync::Arc;

use informer_oauth_ports::Probe;

/// Asks everything the service depends on.
pub struct Health {
    pub(crate) probes: Vec<Arc<dyn Probe>>,
}

impl Health {
    /// The dependencies, for a caller that bounds each check's time itself.
    pub fn probes(&self) -> &[Arc<dyn Probe>] {
        &self.probes
    }
}

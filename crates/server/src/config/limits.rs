use std::{num::NonZeroUsize, time::Duration};

use informer_oauth_application::{
    decide_device_authorization::UserCodeLimits, start_device_authorization::DeviceLimits,
};
use informer_oauth_crypto::PoolSettings;
use informer_oauth_domain::{attempts::AttemptLimit, device::PendingLimits};
use serde::{Deserialize, Serialize};

use super::Problems;

/// `limits.*`: how much anyone may ask of the service.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Wrong passwords for one name.
    pub(crate) sign_in_attempts: u32,
    /// Wrong passwords from one address, whatever the name.
    pub(crate) sign_in_address_attempts: u32,
    /// In how long.
    pub(crate) sign_in_window_seconds: u64,
    /// Wrong secrets for one client from one address.
    pub(crate) client_attempts: u32,
    /// Wrong secrets from one address, whatever the client.
    pub(crate) client_address_attempts: u32,
    /// In how long.
    pub(crate) client_window_seconds: u64,
    /// Wrong user codes of devices by one user.
    pub(crate) user_code_attempts: u32,
    /// Wrong user codes of devices from one address, whoever types them.
    pub(crate) user_code_address_attempts: u32,
    /// In how long.
    pub(crate) user_code_window_seconds: u64,
    /// Device authorization requests from one address (IPv6: a /64).
    pub(crate) device_attempts: u32,
    /// Window of `device_attempts`, in seconds.
    pub(crate) device_window_seconds: u64,
    /// Pending device authorizations from one address.
    pub(crate) device_address_pending: u32,
    /// Pending device authorizations from all addresses together.
    pub(crate) device_pending: u32,
    /// bcrypt hashes at once.
    pub(crate) bcrypt_concurrency: usize,
    /// bcrypt hashes that may wait; one more is answered 503.
    pub(crate) bcrypt_queue: usize,
    /// Password hashes at once; each takes 19 MiB while it runs.
    pub(crate) password_concurrency: usize,
    /// Password hashes that may wait.
    pub(crate) password_queue: usize,
    /// The largest request body.
    pub(crate) body_bytes: usize,
    /// The largest icon upload.
    pub(crate) icon_bytes: usize,
    /// How long a request's head may take to arrive.
    pub(crate) head_seconds: u64,
    /// How long a request's body may take to arrive.
    pub(crate) body_seconds: u64,
    /// How long an answer may wait for a client that does not read it.
    pub(crate) write_seconds: u64,
    /// How long an idle connection is kept.
    pub(crate) keep_alive_seconds: u64,
    /// Open connections a worker.
    pub(crate) connections_per_worker: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let pool = PoolSettings::default();
        let (workers, queue) = (pool.workers.get(), pool.queue);
        Self {
            sign_in_attempts: 10,
            sign_in_address_attempts: 50,
            sign_in_window_seconds: 900,
            client_attempts: 10,
            client_address_attempts: 50,
            client_window_seconds: 300,
            user_code_attempts: 5,
            user_code_address_attempts: 50,
            user_code_window_seconds: 300,
            device_attempts: 60,
            device_window_seconds: 300,
            device_address_pending: 200,
            device_pending: 100_000,
            bcrypt_concurrency: workers,
            bcrypt_queue: queue,
            password_concurrency: workers,
            password_queue: queue,
            body_bytes: informer_oauth_http::MAX_BODY_BYTES,
            icon_bytes: informer_oauth_http::MAX_ICON_BODY_BYTES,
            head_seconds: 5,
            body_seconds: 10,
            write_seconds: 30,
            keep_alive_seconds: 75,
            connections_per_worker: 25_000,
        }
    }
}

impl Limits {
    pub(super) fn validate(&self, problems: &mut Problems) {
        const ATTEMPTS: std::ops::RangeInclusive<u32> = 1..=1_000_000;
        const WINDOW: std::ops::RangeInclusive<u64> = 1..=86_400;
        const SECONDS: std::ops::RangeInclusive<u64> = 1..=3600;
        problems.range("limits.sign_in_attempts", self.sign_in_attempts, ATTEMPTS);
        problems.range(
            "limits.sign_in_address_attempts",
            self.sign_in_address_attempts,
            ATTEMPTS,
        );
        problems.range("limits.sign_in_window_seconds", self.sign_in_window_seconds, WINDOW);
        problems.range("limits.client_attempts", self.client_attempts, ATTEMPTS);
        problems.range("limits.client_address_attempts", self.client_address_attempts, ATTEMPTS);
        problems.range("limits.client_window_seconds", self.client_window_seconds, WINDOW);
        problems.range("limits.user_code_attempts", self.user_code_attempts, ATTEMPTS);
        problems.range(
            "limits.user_code_address_attempts",
            self.user_code_address_attempts,
            ATTEMPTS,
        );
        problems.range("limits.user_code_window_seconds", self.user_code_window_seconds, WINDOW);
        problems.range("limits.device_attempts", self.device_attempts, ATTEMPTS);
        problems.range("limits.device_window_seconds", self.device_window_seconds, WINDOW);
        problems.range("limits.device_address_pending", self.device_address_pending, ATTEMPTS);
        problems.range("limits.device_pending", self.device_pending, ATTEMPTS);
        problems.range("limits.bcrypt_concurrency", self.bcrypt_concurrency, 1..=256);
        problems.range("limits.bcrypt_queue", self.bcrypt_queue, 0..=100_000);
        problems.range("limits.password_concurrency", self.password_concurrency, 1..=256);
        problems.range("limits.password_queue", self.password_queue, 0..=100_000);
        problems.range("limits.body_bytes", self.body_bytes, 1024..=16 << 20);
        problems.range("limits.icon_bytes", self.icon_bytes, 1024..=16 << 20);
        problems.range("limits.head_seconds", self.head_seconds, SECONDS);
        problems.range("limits.body_seconds", self.body_seconds, SECONDS);
        problems.range("limits.write_seconds", self.write_seconds, SECONDS);
        problems.range("limits.keep_alive_seconds", self.keep_alive_seconds, SECONDS);
        problems.range(
            "limits.connections_per_worker",
            self.connections_per_worker,
            1..=1_000_000,
        );
    }

    /// Wrong passwords for one name from one address, and from one address.
    pub(crate) const fn sign_in(&self) -> [AttemptLimit; 2] {
        let window = Duration::from_secs(self.sign_in_window_seconds);
        [
            AttemptLimit {
                attempts: self.sign_in_attempts,
                window,
            },
            AttemptLimit {
                attempts: self.sign_in_address_attempts,
                window,
            },
        ]
    }

    /// Wrong secrets for one client from one address, and from one address.
    pub(crate) const fn client(&self) -> [AttemptLimit; 2] {
        let window = Duration::from_secs(self.client_window_seconds);
        [
            AttemptLimit {
                attempts: self.client_attempts,
                window,
            },
            AttemptLimit {
                attempts: self.client_address_attempts,
                window,
            },
        ]
    }

    /// Wrong user codes that are borne.
    pub(crate) const fn user_codes(&self) -> UserCodeLimits {
        let window = Duration::from_secs(self.user_code_window_seconds);
        UserCodeLimits {
            per_user: AttemptLimit {
                attempts: self.user_code_attempts,
                window,
            },
            per_address: AttemptLimit {
                attempts: self.user_code_address_attempts,
                window,
            },
        }
    }

    /// Limits of device authorization requests.
    pub(crate) const fn devices(&self) -> DeviceLimits {
        DeviceLimits {
            per_address: AttemptLimit {
                attempts: self.device_attempts,
                window: Duration::from_secs(self.device_window_seconds),
            },
            pending: PendingLimits {
                per_address: self.device_address_pending,
                total: self.device_pending,
            },
        }
    }

    /// bcrypt's threads.
    pub(crate) fn bcrypt_pool(&self) -> PoolSettings {
        pool(self.bcrypt_concurrency, self.bcrypt_queue)
    }

    /// Password hashing's threads.
    pub(crate) fn password_pool(&self) -> PoolSettings {
        pool(self.password_concurrency, self.password_queue)
    }
}

fn pool(workers: usize, queue: usize) -> PoolSettings {
    PoolSettings {
        workers: NonZeroUsize::new(workers).unwrap_or(NonZeroUsize::MIN),
        queue,
    }
}

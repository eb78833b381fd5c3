//! Putting the use cases together.

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::{
    attempts::AttemptLimit, authorization::OwnResources, device::PendingLimits, route::RouteTable, timestamp::Timestamp,
};
use informer_oauth_ports::{
    AttemptCounter, AuditLog, Changes, ClientStore, Clock, CodeStore, ConsentStore, DeviceStore, Entropy, FormKey,
    Identity, PasswordHasher, PasswordSignIn, Probe, PublicKeySet, SecretHasher, SessionStore, SigningKeyStore,
    TokenSigner, TokenStore, UsageLog, UserDirectory,
};

use crate::{
    access_tokens::AccessTokens,
    audit_trail::AuditTrail,
    authenticate_client::{AuthenticateClient, ClientAuthenticationLimits},
    authorize::Authorize,
    cache::RecentUses,
    cache::{CachedClients, CachedSignatures, CachedTokens, CachedUsers, TokenCaches},
    callers::Callers,
    connected_applications::ConnectedApplications,
    decide_device_authorization::{DecideDeviceAuthorization, UserCodeLimits},
    diagnosis::Diagnosis,
    forms::Forms,
    gate::{Gate, GatePolicy},
    health::Health,
    housekeeping::Housekeeping,
    introspect::Introspect,
    issue_tokens::IssueTokens,
    manage::{Manage, ManageParts},
    redeem_code::RedeemCode,
    redeem_device_code::RedeemDeviceCode,
    refresh::Refresh,
    request_ids::RequestIds,
    revoke::Revoke,
    sign_in::SignInWithPassword,
    start_device_authorization::{DeviceLimits, StartDeviceAuthorization},
    token_endpoint::TokenEndpoint,
    usage::Usage,
    user_standing::UserStanding,
    users::Users,
};

/// The adapters that an installation runs on.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is named after its port")]
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub clients: Arc<dyn ClientStore>,
    pub consents: Arc<dyn ConsentStore>,
    pub audit: Arc<dyn AuditLog>,
    pub tokens: Arc<dyn TokenStore>,
    pub usage: Arc<dyn UsageLog>,
    pub codes: Arc<dyn CodeStore>,
    pub devices: Arc<dyn DeviceStore>,
    pub sessions: Arc<dyn SessionStore>,
    pub attempts: Arc<dyn AttemptCounter>,
    pub directory: Arc<dyn UserDirectory>,
    pub identity: Arc<dyn Identity>,
    /// `None` where users sign in elsewhere.
    pub sign_in: Option<Arc<dyn PasswordSignIn>>,
    /// Only to be listed: `signer` signs.
    pub keys: Arc<dyn SigningKeyStore>,
    pub signer: Arc<dyn TokenSigner>,
    pub secrets: Arc<dyn SecretHasher>,
    pub passwords: Arc<dyn PasswordHasher>,
    pub forms: Arc<dyn FormKey>,
    pub changes: Arc<dyn Changes>,
    /// What readiness asks.
    pub probes: Vec<Arc<dyn Probe>>,
}

impl Ports {
    fn put_caches_in_front(&mut self, entries: u64, users_too: bool) -> TokenCaches {
        let clients = Arc::new(CachedClients::new(Arc::clone(&self.clients), entries));
        let tokens = Arc::new(CachedTokens::new(Arc::clone(&self.tokens), entries));
        let signatures = Arc::new(CachedSignatures::new(Arc::clone(&self.signer), entries));
        self.changes.subscribe(clients.clone());
        self.changes.subscribe(tokens.clone());
        self.changes.subscribe(signatures.clone());
        self.clients = clients.clone();
        self.tokens = tokens.clone();
        self.signer = signatures.clone();
        if users_too {
            let users = Arc::new(CachedUsers::new(Arc::clone(&self.identity), entries));
            self.changes.subscribe(users.clone());
            self.identity = users;
        }
        TokenCaches {
            signatures,
            tokens,
            clients,
        }
    }
}

/// What the rules leave to the operator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer and the default audience.
    pub resources: OwnResources,
    /// How long an access token lives, where its grant has refresh tokens.
    pub access_lifetime: Duration,
    /// How long a grant with refresh tokens lives.
    pub refresh_lifetime: Duration,
    /// How long an authorization code lives.
    pub code_lifetime: Duration,
    /// How long a device code lives.
    pub device_lifetime: Duration,
    /// How long after a rotation a retry gets the same successor; zero is never.
    pub refresh_retry_window: Duration,
    /// How many wrong secrets are borne.
    pub client_authentication: ClientAuthenticationLimits,
    /// How many wrong user codes are borne.
    pub user_codes: UserCodeLimits,
    /// Limits of device authorization requests.
    pub devices: DeviceLimits,
    /// Retention of audit events. `None` keeps them forever.
    pub audit_retention: Option<Duration>,
    /// Private-use URI schemes without a dot that redirect URIs may have.
    pub allowed_custom_schemes: Vec<String>,
    /// The gate's table.
    pub routes: RouteTable,
    /// What the gate makes of requests without a token of ours.
    pub gate: GatePolicy,
    /// How many clients, token records and access tokens are remembered for a moment, each.
    pub cached_entries: u64,
    /// Whether active users are remembered for a moment as well. A lock made in another process then counts within a second, or
    /// when [`Changes`] tell. Off by default: it had better count at once, and some sources of users remember them by themselves.
    pub cached_users: bool,
}

impl Settings {
    /// What the service's own configuration says where nothing else is written: access tokens for 15 minutes, grants for 30
    /// days, codes for a minute, device codes for half an hour, no retry of a rotation, the published route table, no bearer tokens of others.
    pub const fn new(resources: OwnResources) -> Self {
        const fn in_five_minutes(attempts: u32) -> AttemptLimit {
            AttemptLimit {
                attempts,
                window: Duration::from_mins(5),
            }
        }
        Self {
            resources,
            access_lifetime: Duration::from_mins(15),
            refresh_lifetime: Duration::from_hours(30 * 24),
            code_lifetime: Duration::from_mins(1),
            device_lifetime: Duration::from_mins(30),
            refresh_retry_window: Duration::ZERO,
            client_authentication: ClientAuthenticationLimits {
                per_client_and_address: in_five_minutes(10),
                per_address: in_five_minutes(50),
            },
            user_codes: UserCodeLimits {
                per_user: in_five_minutes(5),
                per_address: in_five_minutes(50),
            },
            devices: DeviceLimits {
                per_address: in_five_minutes(60),
                pending: PendingLimits {
                    per_address: 200,
                    total: 100_000,
                },
            },
            audit_retention: None,
            allowed_custom_schemes: Vec::new(),
            routes: RouteTable::informer(),
            gate: GatePolicy {
                require_token: false,
                refuse_foreign_tokens: true,
            },
            cached_entries: 10_000,
            cached_users: false,
        }
    }
}

/// Every use case, ready to run.
#[expect(
    missing_docs,
    reason = "each field is named after its use case, whose type is documented"
)]
pub struct Application {
    pub settings: Settings,
    pub authorize: Authorize,
    pub token: TokenEndpoint,
    pub start_device: StartDeviceAuthorization,
    pub decide_device: DecideDeviceAuthorization,
    pub connected: ConnectedApplications,
    pub revoke: Revoke,
    pub introspect: Introspect,
    pub gate: Gate,
    pub callers: Callers,
    pub sign_in: SignInWithPassword,
    pub forms: Forms,
    pub diagnosis: Diagnosis,
    pub users: Users,
    pub manage: Manage,
    pub health: Health,
    pub housekeeping: Housekeeping,
    pub usage: Arc<Usage>,
    pub audit: AuditTrail,
    clock: Arc<dyn Clock>,
    request_ids: RequestIds,
    entropy: Arc<dyn Entropy>,
    signer: Arc<dyn TokenSigner>,
}

impl Application {
    /// Wires the use cases to the ports, with the caches of [`cache`](crate::cache) in between where staleness is
    /// allowed: managing clients goes to the store itself.
    pub fn new(mut ports: Ports, settings: Settings) -> Self {
        let stored_clients = Arc::clone(&ports.clients);
        let caches = ports.put_caches_in_front(settings.cached_entries, settings.cached_users);
        let audit_log = Arc::clone(&ports.audit);
        let audit = AuditTrail::new(
            Arc::clone(&ports.audit),
            Arc::clone(&ports.entropy),
            Arc::clone(&ports.attempts),
        );
        let users = UserStanding {
            identity: Arc::clone(&ports.identity),
        };
        let access = AccessTokens {
            caches,
            resources: settings.resources.clone(),
            users: users.clone(),
            uses: RecentUses::new(settings.cached_entries),
        };
        let issue = IssueTokens {
            signer: Arc::clone(&ports.signer),
            entropy: Arc::clone(&ports.entropy),
            access_lifetime: settings.access_lifetime,
            refresh_lifetime: settings.refresh_lifetime,
            resources: settings.resources.clone(),
        };
        let usage = Arc::new(Usage::new(Arc::clone(&ports.usage)));
        let authenticate = Arc::new(AuthenticateClient {
            clients: Arc::clone(&ports.clients),
            hasher: Arc::clone(&ports.secrets),
            attempts: Arc::clone(&ports.attempts),
            audit: audit.clone(),
            limits: settings.client_authentication,
        });
        Self {
            authorize: Authorize {
                clients: Arc::clone(&ports.clients),
                codes: Arc::clone(&ports.codes),
                consents: Arc::clone(&ports.consents),
                audit: audit.clone(),
                entropy: Arc::clone(&ports.entropy),
                resources: settings.resources.clone(),
                code_lifetime: settings.code_lifetime,
            },
            token: TokenEndpoint {
                authenticate: Arc::clone(&authenticate),
                redeem_code: RedeemCode {
                    codes: Arc::clone(&ports.codes),
                    tokens: Arc::clone(&ports.tokens),
                    users: users.clone(),
                    issue: issue.clone(),
                    audit: audit.clone(),
                    changes: Arc::clone(&ports.changes),
                },
                redeem_device_code: RedeemDeviceCode {
                    devices: Arc::clone(&ports.devices),
                    tokens: Arc::clone(&ports.tokens),
                    users: users.clone(),
                    issue: issue.clone(),
                    audit: audit.clone(),
                },
                refresh: Refresh {
                    signer: Arc::clone(&ports.signer),
                    tokens: Arc::clone(&ports.tokens),
                    users: users.clone(),
                    issue,
                    audit: audit.clone(),
                    changes: Arc::clone(&ports.changes),
                    entropy: Arc::clone(&ports.entropy),
                    retry_window: settings.refresh_retry_window,
                },
                usage: Arc::clone(&usage),
            },
            start_device: StartDeviceAuthorization {
                authenticate: Arc::clone(&authenticate),
                devices: Arc::clone(&ports.devices),
                attempts: Arc::clone(&ports.attempts),
                audit: audit.clone(),
                limits: settings.devices,
                entropy: Arc::clone(&ports.entropy),
                resources: settings.resources.clone(),
                lifetime: settings.device_lifetime,
            },
            decide_device: DecideDeviceAuthorization {
                devices: Arc::clone(&ports.devices),
                clients: Arc::clone(&ports.clients),
                attempts: Arc::clone(&ports.attempts),
                audit: audit.clone(),
                limits: settings.user_codes,
                resources: settings.resources.clone(),
            },
            connected: ConnectedApplications {
                clients: Arc::clone(&ports.clients),
                tokens: Arc::clone(&ports.tokens),
                consents: ports.consents,
                changes: Arc::clone(&ports.changes),
                audit: audit.clone(),
            },
            revoke: Revoke {
                authenticate: Arc::clone(&authenticate),
                signer: Arc::clone(&ports.signer),
                tokens: Arc::clone(&ports.tokens),
                changes: Arc::clone(&ports.changes),
                audit: audit.clone(),
            },
            introspect: Introspect {
                authenticate,
                access: access.clone(),
                signer: Arc::clone(&ports.signer),
                tokens: Arc::clone(&ports.tokens),
                users,
            },
            gate: Gate {
                access: access.clone(),
                routes: settings.routes.clone(),
                resources: settings.resources.clone(),
                policy: settings.gate,
            },
            callers: Callers {
                identity: ports.identity,
                access,
                resources: settings.resources.clone(),
                audit: audit.clone(),
            },
            sign_in: SignInWithPassword {
                passwords: ports.sign_in,
                audit: audit.clone(),
            },
            diagnosis: Diagnosis::new(Arc::clone(&ports.forms)),
            forms: Forms {
                key: ports.forms,
                attempts: Arc::clone(&ports.attempts),
                entropy: Arc::clone(&ports.entropy),
            },
            users: Users {
                directory: ports.directory,
                sessions: Arc::clone(&ports.sessions),
                passwords: ports.passwords,
                changes: Arc::clone(&ports.changes),
                audit: audit.clone(),
            },
            manage: Manage::new(ManageParts {
                clients: stored_clients,
                tokens: Arc::clone(&ports.tokens),
                log: ports.audit,
                usage: ports.usage,
                hasher: ports.secrets,
                changes: ports.changes,
                entropy: Arc::clone(&ports.entropy),
                audit: audit.clone(),
                keys: ports.keys,
                allowed_custom_schemes: settings.allowed_custom_schemes.clone(),
            }),
            health: Health { probes: ports.probes },
            housekeeping: Housekeeping {
                codes: ports.codes,
                devices: ports.devices,
                sessions: ports.sessions,
                attempts: ports.attempts,
                tokens: ports.tokens,
                audit: audit_log,
                audit_retention: settings.audit_retention,
                usage: Arc::clone(&usage),
            },
            usage,
            audit,
            clock: ports.clock,
            request_ids: RequestIds::new(&*ports.entropy),
            entropy: ports.entropy,
            signer: ports.signer,
            settings,
        }
    }

    /// The time now. Read once per request and passed down.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Base62 characters that tell one request from every other in the log. They are no secret.
    pub fn request_id(&self) -> String {
        self.request_ids.next()
    }

    /// A random value with 256 bits, for a cookie that carries nothing.
    pub fn random_token(&self) -> String {
        self.entropy.base62(43)
    }

    /// The public signing keys.
    pub fn public_keys(&self) -> Arc<PublicKeySet> {
        self.signer.public_keys()
    }
}

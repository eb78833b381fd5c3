use informer_oauth_ports::{
    AttemptCounter, AuditLog, ClientStore, CodeStore, ConsentStore, DeviceStore, SessionStore, SigningKeyStore,
    TokenStore, UsageLog, UserDirectory,
};

/// The ports whose contents must outlive a restart. A type that implements them all has this by itself.
///
/// They are one trait because they share a database: deleting a client must reach its consents and token records.
pub trait DurableStores: Send + Sync {
    /// Its clients.
    fn clients(&self) -> &dyn ClientStore;
    /// Its consents.
    fn consents(&self) -> &dyn ConsentStore;
    /// Its audit log.
    fn audit(&self) -> &dyn AuditLog;
    /// Its signing keys.
    fn keys(&self) -> &dyn SigningKeyStore;
    /// Its local users.
    fn users(&self) -> &dyn UserDirectory;
    /// Its token records.
    fn tokens(&self) -> &dyn TokenStore;
    /// Its usage log.
    fn usage(&self) -> &dyn UsageLog;

    /// All of them, for obligations that concern several.
    fn durable(&self) -> &dyn DurableStores
    where
        Self: Sized,
    {
        self
    }
}

/// The ports whose contents live for minutes to hours. A type that implements them all has this by itself.
pub trait ShortLivedStores: Send + Sync {
    /// Its authorization codes.
    fn codes(&self) -> &dyn CodeStore;
    /// Its device authorizations.
    fn devices(&self) -> &dyn DeviceStore;
    /// Its sign-in sessions.
    fn sessions(&self) -> &dyn SessionStore;
    /// Its attempt counts.
    fn attempts(&self) -> &dyn AttemptCounter;
}

impl<S> DurableStores for S
where
    S: ClientStore + ConsentStore + AuditLog + SigningKeyStore + UserDirectory + TokenStore + UsageLog,
{
    fn clients(&self) -> &dyn ClientStore {
        self
    }

    fn consents(&self) -> &dyn ConsentStore {
        self
    }

    fn audit(&self) -> &dyn AuditLog {
        self
    }

    fn keys(&self) -> &dyn SigningKeyStore {
        self
    }

    fn users(&self) -> &dyn UserDirectory {
        self
    }

    fn tokens(&self) -> &dyn TokenStore {
        self
    }

    fn usage(&self) -> &dyn UsageLog {
        self
    }
}

impl<S> ShortLivedStores for S
where
    S: CodeStore + DeviceStore + SessionStore + AttemptCounter,
{
    fn codes(&self) -> &dyn CodeStore {
        self
    }

    fn devices(&self) -> &dyn DeviceStore {
        self
    }

    fn sessions(&self) -> &dyn SessionStore {
        self
    }

    fn attempts(&self) -> &dyn AttemptCounter {
        self
    }
}

/// Stores, and whatever must live as long as they are used: a temporary folder, a server. The stores are dropped first.
#[derive(Debug)]
pub struct Fixture<S, G> {
    stores: S,
    _kept: G,
}

impl<S, G> Fixture<S, G> {
    /// Keeps `kept` for as long as `stores`.
    pub const fn new(stores: S, kept: G) -> Self {
        Self { stores, _kept: kept }
    }
}

impl<S: DurableStores, G: Send + Sync> DurableStores for Fixture<S, G> {
    fn clients(&self) -> &dyn ClientStore {
        self.stores.clients()
    }

    fn consents(&self) -> &dyn ConsentStore {
        self.stores.consents()
    }

    fn audit(&self) -> &dyn AuditLog {
        self.stores.audit()
    }

    fn keys(&self) -> &dyn SigningKeyStore {
        self.stores.keys()
    }

    fn users(&self) -> &dyn UserDirectory {
        self.stores.users()
    }

    fn tokens(&self) -> &dyn TokenStore {
        self.stores.tokens()
    }

    fn usage(&self) -> &dyn UsageLog {
        self.stores.usage()
    }
}

impl<S: ShortLivedStores, G: Send + Sync> ShortLivedStores for Fixture<S, G> {
    fn codes(&self) -> &dyn CodeStore {
        self.stores.codes()
    }

    fn devices(&self) -> &dyn DeviceStore {
        self.stores.devices()
    }

    fn sessions(&self) -> &dyn SessionStore {
        self.stores.sessions()
    }

    fn attempts(&self) -> &dyn AttemptCounter {
        self.stores.attempts()
    }
}

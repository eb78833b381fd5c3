//! The whole service inside another program: every store in memory, routes of one's own beside it.
//!
//! ```sh
//! cargo run -p informer-oauth --example embedded -- 127.0.0.1:8787
//! curl http://127.0.0.1:8787/.well-known/oauth-authorization-server
//! ```
//!
//! Whatever implements a port can take a place in [`Ports`]; the rest of the program does not notice.

use std::{env, error::Error, sync::Arc};

use actix_web::{HttpServer, rt::System, web};
use informer_oauth_application::{Application, Ports, Settings, users::NewUser};
use informer_oauth_crypto::{
    Argon2Cost, Argon2id, Bcrypt, BcryptSettings, DerivedFormKey, HashingPool, Keys, MasterKey, PoolSettings,
    SystemEntropy,
};
use informer_oauth_directory::{Directory, DirectorySettings};
use informer_oauth_domain::{
    authorization::OwnResources, resource::Resource, secret::Secret, timestamp::Timestamp, user::Superuser,
};
use informer_oauth_http::{Brand, HttpService, HttpSettings};
use informer_oauth_memory::{LocalChanges, Memory};
use informer_oauth_ports::{Clock, Entropy};
use time::OffsetDateTime;

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "a program of its own: this is its clock")]
    fn now(&self) -> Timestamp {
        OffsetDateTime::now_utc().into()
    }
}

async fn ports(issuer: &str) -> Result<Ports, Box<dyn Error>> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let store = Arc::new(Memory::default());
    // Kept nowhere, as are the stores: with this program, everything is over.
    let master = MasterKey::generate(&*entropy);
    let now = SystemClock.now();
    let keys = Keys::load(store.clone(), &master, issuer.into(), entropy.clone(), now).await?;
    let pool = Arc::new(HashingPool::start("hashing", PoolSettings::default())?);
    let passwords = Arc::new(Argon2id::new(Argon2Cost::default(), pool.clone(), entropy.clone())?);
    let directory = Arc::new(Directory::new(
        store.clone(),
        store.clone(),
        store.clone(),
        passwords.clone(),
        entropy.clone(),
        Arc::new(DerivedFormKey::new(&master)),
        DirectorySettings::new(issuer.starts_with("https:")),
    ));
    Ok(Ports {
        clock: Arc::new(SystemClock),
        clients: store.clone(),
        consents: store.clone(),
        audit: store.clone(),
        tokens: store.clone(),
        usage: store.clone(),
        codes: store.clone(),
        devices: store.clone(),
        sessions: store.clone(),
        attempts: store.clone(),
        directory: store.clone(),
        identity: directory.clone(),
        sign_in: Some(directory),
        keys: store.clone(),
        signer: Arc::new(keys),
        secrets: Arc::new(Bcrypt::new(BcryptSettings::default(), pool, entropy.clone())?),
        passwords,
        forms: Arc::new(DerivedFormKey::new(&master)),
        changes: Arc::new(LocalChanges::default()),
        probes: vec![store],
        entropy,
    })
}

fn settings(issuer: &str) -> Result<Settings, Box<dyn Error>> {
    let issuer = Resource::parse(issuer)?;
    Ok(Settings::new(OwnResources {
        audience: issuer.clone(),
        issuer,
    }))
}

async fn run(address: &str) -> Result<(), Box<dyn Error>> {
    let issuer = format!("http://{address}");
    let application = Application::new(ports(&issuer).await?, settings(&issuer)?);
    let ada = NewUser {
        username: "ada".into(),
        display_name: "Ada Lovelace".into(),
        password: Secret::new("correct horse battery staple".into()),
        superuser: true,
    };
    let installer = Superuser::at_command_line("example");
    application.users.add(&installer, ada, application.now()).await?;

    let service = HttpService::new(
        Arc::new(application),
        HttpSettings::for_issuer(&issuer),
        Brand::default(),
    )?;
    let app = move || service.app().route("/ours", web::get().to(async || "hello\n"));
    let server = HttpServer::new(app).workers(1).bind(address)?;
    println!("listening on {issuer}");
    Ok(server.run().await?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8787".into());
    System::new().block_on(run(&address))
}

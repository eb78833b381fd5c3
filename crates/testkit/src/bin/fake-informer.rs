//! A fake Informer to try informer-oauth beside: an ordinary user, a superuser, the sign-in page and an API that says
//! what reached it. For demonstrations and tests only: it protects nothing.

use std::net::SocketAddr;

use clap::Parser;
use informer_oauth_testkit::informer::{FakeInformer, FakeUser, PASSWORD};
use tokio::signal::unix::{SignalKind, signal};

/// A fake Informer with a user and a superuser, for trying informer-oauth out.
///
/// Example: fake-informer --listen 127.0.0.1:3000 --user anna --superuser root
#[derive(Debug, Parser)]
#[command(verbatim_doc_comment)]
struct Arguments {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, env = "FAKE_INFORMER_LISTEN", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// The ordinary user's name.
    #[arg(long, env = "FAKE_INFORMER_USER", default_value = "demo")]
    user: String,
    /// The ordinary user's password.
    #[arg(long, env = "FAKE_INFORMER_PASSWORD", default_value = PASSWORD, hide_env_values = true)]
    password: String,
    /// The superuser's name.
    #[arg(long, env = "FAKE_INFORMER_SUPERUSER", default_value = "admin")]
    superuser: String,
    /// The superuser's password.
    #[arg(long, env = "FAKE_INFORMER_SUPERUSER_PASSWORD", default_value = PASSWORD, hide_env_values = true)]
    superuser_password: String,
    /// What informer-oauth must send to read users; made up when missing.
    #[arg(long, env = "FAKE_INFORMER_API_TOKEN", hide_env_values = true)]
    api_token: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    // Heard also as the first process of a container, where a signal that nobody listens for does nothing.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let informer = FakeInformer::listen(arguments.listen, arguments.api_token)?;
    informer.set_user(FakeUser::named(&arguments.user).with_password(&arguments.password));
    informer.set_user(
        FakeUser::named(&arguments.superuser)
            .with_password(&arguments.superuser_password)
            .superuser(),
    );
    println!("fake Informer listening on {}", informer.url());
    println!("API token: {}", informer.api_token());
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(())
}

//! An authorization code grant from its first request to the end of its access token, without HTTP, keys or waiting: every
//! port has a stand-in.

use std::{error::Error, sync::Arc, time::Duration};

use informer_oauth_application::{
    Application, Ports, RequestContext, Settings,
    authorize::{Answer, Answered},
    gate::{GateAnswer, GateRequest},
};
use informer_oauth_domain::{
    authorization::OwnResources,
    client::{Client, ClientDraft},
    parameters::Parameters,
    pkce::CodeVerifier,
    user::{InPerson, User},
};
use informer_oauth_memory::{LocalChanges, Memory};
use informer_oauth_ports::ClientStore;
use informer_oauth_testkit::{
    FixedClock, SeededEntropy,
    doubles::{KeptTokens, KeylessForms, KnownUsers, PlainHasher},
    run,
    values::{a_client, resource},
};

/// An adapter for each port. Whatever implements the port can take a place here.
fn ports(store: &Memory, clock: &FixedClock, users: &KnownUsers) -> Ports {
    let store = Arc::new(store.clone());
    Ports {
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::default()),
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
        identity: Arc::new(users.clone()),
        sign_in: None,
        keys: store.clone(),
        signer: Arc::new(KeptTokens::default()),
        secrets: Arc::new(PlainHasher),
        passwords: Arc::new(PlainHasher),
        forms: Arc::new(KeylessForms),
        changes: Arc::new(LocalChanges::default()),
        probes: vec![store],
    }
}

async fn grant() -> Result<(), Box<dyn Error>> {
    let (store, clock, users) = (Memory::default(), FixedClock::default(), KnownUsers::default());
    let resources = OwnResources {
        issuer: resource("https://bi.example.com"),
        audience: resource("https://bi.example.com"),
    };
    let application = Application::new(ports(&store, &clock, &users), Settings::new(resources));
    let ada = User {
        username: "ada".into(),
        display_name: "Ada Lovelace".into(),
        superuser: false,
        token_api: false,
    };
    users.admit_as(ada.clone());
    let draft = ClientDraft {
        name: "Board".into(),
        redirect_uris: vec!["https://board.example.com/callback".into()],
        refresh_tokens: true,
        scope: vec!["read:dataset".into()],
        ..ClientDraft::default()
    };
    let client = Client {
        profile: draft.check(&[])?,
        ..a_client(1)
    };
    ClientStore::insert(&store, &client).await?;

    // The browser comes with the client's request, and the user says yes.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let request: Parameters = [
        ("response_type", "code"),
        ("client_id", &client.client_id.to_string()),
        ("redirect_uri", "https://board.example.com/callback"),
        ("scope", "read:dataset"),
        ("state", "af0ifjsldkj"),
        ("code_challenge", CodeVerifier::parse(verifier)?.challenge().as_str()),
        ("code_challenge_method", "S256"),
    ]
    .into_iter()
    .collect();
    let now = application.now();
    let request = application.authorize.judge(&request, now).await?;
    let (ada, context) = (InPerson::check(&ada, None)?, RequestContext::local(now));
    let allowed = Answer::Allow(request.scope);
    let Answered::Redirect(redirect) = application.authorize.answer(&request, allowed, &ada, &context).await? else {
        return Err("nothing was granted".into());
    };
    let (_, answer) = redirect.split_once("code=").ok_or("no code in the redirect")?;
    let code = answer.split('&').next().unwrap_or_default();

    // The client redeems the code.
    let form: Parameters = [
        ("grant_type", "authorization_code"),
        ("client_id", &client.client_id.to_string()),
        ("redirect_uri", "https://board.example.com/callback"),
        ("code", code),
        ("code_verifier", verifier),
    ]
    .into_iter()
    .collect();
    let tokens = application
        .token
        .answer(&form, None, &RequestContext::local(application.now()))
        .await?;
    assert_eq!(tokens.scope, "read:dataset".parse()?);
    assert!(tokens.refresh_token.is_some());

    // The access token opens what its scope reaches, for a quarter of an hour.
    let token = Some(tokens.access_token.expose());
    let judged = async |method| {
        let uri = "/api/datasets/sales";
        let request = GateRequest::new(token, method, uri);
        application.gate.judge(request, application.now()).await
    };
    assert!(matches!(judged("GET").await?, GateAnswer::Allowed { username, .. } if username == "ada"));
    assert!(matches!(judged("DELETE").await?, GateAnswer::Insufficient { .. }));
    clock.advance(Duration::from_mins(15));
    assert!(matches!(judged("GET").await?, GateAnswer::InvalidToken(_)));

    // A code is used once.
    assert!(
        application
            .token
            .answer(&form, None, &RequestContext::local(application.now()))
            .await
            .is_err()
    );
    Ok(())
}

fn main() {
    run(async { grant().await.expect("the grant goes as the specification says") });
}

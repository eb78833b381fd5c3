#![expect(clippy::unwrap_used, reason = "tests")]

use async_trait::async_trait;
use informer_oauth_domain::{
    attempts::AttemptLimit,
    audit::AuditEvent,
    authorization::OwnResources,
    claims::{AccessTokenClaims, RefreshTokenClaims},
    client::{Client, ClientProfile},
    client_secret::ClientSecretText,
    id::SecretUid,
    resource::Resource,
    secret::{Secret, SecretHash},
    timestamp::Timestamp,
    user::User,
};
use informer_oauth_memory::{LocalChanges, Memory};
use informer_oauth_ports::{
    AuditLog, ClientStore, Entropy, EventFilter, HashError, Identity, IdentityError, PageRequest, PublicKeySet,
    SecretHasher, SignInPage, SignedIn, SigningError, StoreError, TokenRefused, TokenSigner,
};
use informer_oauth_testkit::{
    SeededEntropy, run,
    values::{NOW, a_client, a_code, seconds},
};

use super::*;
use crate::{
    authenticate_client::{AuthenticateClient, ClientAuthenticationLimits},
    client_credentials::ClientCredentials,
};

/// A store of codes that loses every mark of a code's use, as one may that takes over from another.
struct Forgetful(Memory);

#[async_trait]
impl CodeStore for Forgetful {
    async fn insert(&self, code: &AuthorizationCode) -> Result<(), StoreError> {
        CodeStore::insert(&self.0, code).await
    }

    async fn redeem(
        &self,
        digest: &Digest,
        presented: &CodePresentation,
        now: Timestamp,
    ) -> Result<CodeRedemption, StoreError> {
        let redemption = self.0.redeem(digest, presented, now).await?;
        if let CodeRedemption::Redeemed(code) = &redemption {
            CodeStore::insert(&self.0, code).await?;
        }
        Ok(redemption)
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        CodeStore::purge(&self.0, now, limit).await
    }
}

/// Knows every user, signs without a key, and hashes nothing.
struct Outside;

#[async_trait]
impl Identity for Outside {
    fn session_cookie(&self) -> &'static str {
        "session"
    }

    fn sign_in_page(&self) -> SignInPage {
        SignInPage::Own
    }

    async fn session_user(&self, _: &Secret, _: Timestamp) -> Result<Option<SignedIn>, IdentityError> {
        Ok(None)
    }

    async fn active_user(&self, username: &str, _: Timestamp) -> Result<Option<User>, IdentityError> {
        Ok(Some(User {
            username: username.to_owned(),
            display_name: username.to_owned(),
            superuser: false,
            token_api: false,
        }))
    }
}

impl TokenSigner for Outside {
    fn sign_access(&self, _: &AccessTokenClaims) -> Result<Secret, SigningError> {
        Ok(Secret::new("access".into()))
    }

    fn verify_access(&self, _: &str, _: Timestamp) -> Result<AccessTokenClaims, TokenRefused> {
        Err(TokenRefused::UnknownKey)
    }

    fn sign_refresh(&self, _: &RefreshTokenClaims) -> Result<Secret, SigningError> {
        Ok(Secret::new("refresh".into()))
    }

    fn verify_refresh(&self, _: &str, _: Timestamp) -> Result<RefreshTokenClaims, TokenRefused> {
        Err(TokenRefused::UnknownKey)
    }

    fn public_keys(&self) -> Arc<PublicKeySet> {
        Arc::new(PublicKeySet {
            json: r#"{"keys":[]}"#.into(),
        })
    }
}

#[async_trait]
impl SecretHasher for Outside {
    async fn hash(&self, _: &ClientSecretText) -> Result<SecretHash, HashError> {
        Err(HashError::Busy)
    }

    fn remembers(&self, _: SecretUid, _: &SecretHash, _: &Secret) -> bool {
        false
    }

    async fn verify(&self, _: SecretUid, _: &SecretHash, _: &Secret) -> Result<bool, HashError> {
        Err(HashError::Busy)
    }

    async fn verify_nothing(&self, _: &Secret) -> Result<(), HashError> {
        Err(HashError::Busy)
    }

    fn forget(&self, _: SecretUid) {}
}

fn use_case(store: &Memory, codes: Arc<dyn CodeStore>) -> RedeemCode {
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::default());
    let identity: Arc<dyn Identity> = Arc::new(Outside);
    RedeemCode {
        codes,
        tokens: Arc::new(store.clone()),
        users: UserStanding { identity },
        issue: IssueTokens {
            signer: Arc::new(Outside),
            entropy: Arc::clone(&entropy),
            access_lifetime: seconds(600),
            refresh_lifetime: seconds(3600),
            resources: OwnResources {
                audience: Resource::parse("https://bi.example.com/api").unwrap(),
                issuer: Resource::parse("https://bi.example.com").unwrap(),
            },
        },
        audit: AuditTrail::new(Arc::new(store.clone()), entropy, Arc::new(store.clone())),
        changes: Arc::new(LocalChanges::default()),
    }
}

/// The client with number 1, which has no secret and uses PKCE.
async fn authenticated(store: &Memory) -> AuthenticatedClient {
    let client = a_client(1);
    let client = Client {
        profile: ClientProfile {
            pkce: true,
            refresh_tokens: true,
            ..client.profile
        },
        ..client
    };
    ClientStore::insert(store, &client).await.unwrap();
    let limit = AttemptLimit {
        attempts: 10,
        window: seconds(60),
    };
    let authenticate = AuthenticateClient {
        clients: Arc::new(store.clone()),
        hasher: Arc::new(Outside),
        attempts: Arc::new(store.clone()),
        audit: AuditTrail::new(
            Arc::new(store.clone()),
            Arc::new(SeededEntropy::default()),
            Arc::new(store.clone()),
        ),
        limits: ClientAuthenticationLimits {
            per_client_and_address: limit,
            per_address: limit,
        },
    };
    let credentials = ClientCredentials::Public {
        client_id: client.client_id.to_string(),
    };
    authenticate
        .run(&credentials, &RequestContext::local(NOW))
        .await
        .unwrap()
}

async fn events(store: &Memory) -> Vec<AuditEvent> {
    let all = PageRequest { start: 0, limit: 100 };
    AuditLog::list(store, &EventFilter::default(), all).await.unwrap().items
}

#[test]
fn a_code_whose_store_forgot_its_use_is_redeemed_once_and_the_second_time_ends_what_it_gave() {
    run(async {
        let store = Memory::default();
        let client = authenticated(&store).await;
        let code = AuthorizationCode {
            digest: Digest::of("the code"),
            challenge: None,
            ..a_code(1)
        };
        let codes = Arc::new(Forgetful(store.clone()));
        codes.insert(&code).await.unwrap();
        let redeem = use_case(&store, codes);
        let parameters: Parameters = [("code", "the code"), ("redirect_uri", &code.redirect_uri)]
            .into_iter()
            .collect();
        let live = async || {
            let record = TokenStore::find(&store, code.token_record).await.unwrap();
            record.is_some_and(|record| record.is_live(NOW))
        };

        let first = redeem
            .run(&client, &parameters, &RequestContext::local(NOW))
            .await
            .unwrap();
        assert!(first.refresh_token.is_some() && live().await);
        assert_eq!(events(&store).await, []);

        for later in 1..3 {
            let second = redeem
                .run(&client, &parameters, &RequestContext::local(NOW + seconds(later)))
                .await;
            match second {
                Err(ProtocolError::OAuth(error)) => assert_eq!(error.code, ErrorCode::InvalidGrant),
                other => panic!("{other:?}"),
            }
            assert!(!live().await, "what it gave has ended");
        }
        let record = TokenStore::find(&store, code.token_record).await.unwrap().unwrap();
        let end = record.revoked.unwrap();
        assert_eq!((end.at, end.reason), (NOW + seconds(1), RevocationReason::CodeReplay));
        let seen: Vec<_> = events(&store)
            .await
            .into_iter()
            .map(|event| (event.kind, event.target))
            .collect();
        let replayed = (EventKind::CodeReplayed, Some(code.token_record.to_string()));
        assert_eq!(seen, [replayed], "one event in a window, however often it is presented");
    });
}

/// Cannot say anything at the moment.
struct Away;

#[async_trait]
impl Identity for Away {
    fn session_cookie(&self) -> &'static str {
        "session"
    }

    fn sign_in_page(&self) -> SignInPage {
        SignInPage::Own
    }

    async fn session_user(&self, _: &Secret, _: Timestamp) -> Result<Option<SignedIn>, IdentityError> {
        Err(IdentityError::Busy)
    }

    async fn active_user(&self, _: &str, _: Timestamp) -> Result<Option<User>, IdentityError> {
        Err(IdentityError::Busy)
    }

    async fn ready(&self) -> Result<(), IdentityError> {
        Err(IdentityError::Busy)
    }
}

#[test]
fn a_code_that_comes_while_nobody_knows_the_users_is_not_used_up() {
    run(async {
        let store = Memory::default();
        let client = authenticated(&store).await;
        let code = AuthorizationCode {
            digest: Digest::of("the code"),
            challenge: None,
            ..a_code(1)
        };
        CodeStore::insert(&store, &code).await.unwrap();
        let mut redeem = use_case(&store, Arc::new(store.clone()));
        let parameters: Parameters = [("code", "the code"), ("redirect_uri", &code.redirect_uri)]
            .into_iter()
            .collect();
        let away = UserStanding {
            identity: Arc::new(Away),
        };
        let there = std::mem::replace(&mut redeem.users, away);
        for _ in 0..2 {
            let answer = redeem.run(&client, &parameters, &RequestContext::local(NOW)).await;
            assert!(matches!(answer, Err(ProtocolError::Fault(_))), "{answer:?}");
        }
        redeem.users = there;
        redeem
            .run(&client, &parameters, &RequestContext::local(NOW))
            .await
            .unwrap();
        assert_eq!(events(&store).await, []);
    });
}

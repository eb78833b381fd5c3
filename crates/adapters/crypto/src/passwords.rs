//! argon2id (RFC 9106) for local passwords.

use std::{fmt::Display, sync::Arc};

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use async_trait::async_trait;
use informer_oauth_domain::{
    secret::{Secret, SecretHash},
    text::normalise,
};
use informer_oauth_ports::{Entropy, HashError, HashSource, PasswordHasher};
use subtle::ConstantTimeEq as _;

use crate::{lanes::Turn, pool::HashingPool};

/// The longest password in bytes: a longer one is never right, and costs no hash.
pub const LONGEST_PASSWORD: usize = 1024;

/// The output of new hashes, in bytes.
const OUTPUT: usize = 32;

/// No stored hash may ask for more memory than this, in KiB.
const MOST_MEMORY: u32 = 256 * 1024;

/// Room that is asked for at the least, in KiB, of which only what a hash needs is touched. Above 32 MiB the common
/// allocators take memory from the system and give it back at once; below, they would keep 19 MiB for good.
const LEAST_ROOM: usize = 33 * 1024;

/// What an argon2id hash costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Argon2Cost {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over the memory.
    pub passes: u32,
}

impl Default for Argon2Cost {
    /// OWASP's recommendation: 19 MiB and two passes, on one lane.
    fn default() -> Self {
        Self {
            memory: 19_456,
            passes: 2,
        }
    }
}

/// argon2id on a bounded pool.
pub struct Argon2id {
    params: Params,
    pool: Arc<HashingPool>,
    entropy: Arc<dyn Entropy>,
    nothing: SecretHash,
}

impl Argon2id {
    /// Fails when argon2 has no such cost. Hashes nothing yet.
    pub fn new(cost: Argon2Cost, pool: Arc<HashingPool>, entropy: Arc<dyn Entropy>) -> Result<Self, HashError> {
        let params = Params::new(cost.memory.min(MOST_MEMORY), cost.passes, 1, Some(OUTPUT)).map_err(failed)?;
        // What verifying an unknown user's password is done against: well-formed, of the same cost, and of nothing.
        let (mut salt, mut output) = ([0; 16], [0; OUTPUT]);
        entropy.fill(&mut salt);
        entropy.fill(&mut output);
        let nothing = encode(&params, &salt, &output)?;
        Ok(Self {
            params,
            pool,
            entropy,
            nothing,
        })
    }
}

/// The password in one form, however the keyboard composes its letters (NIST SP 800-63B §3.1.1.2).
fn normalised(password: &Secret) -> Secret {
    Secret::new(normalise(password.expose()).into_owned())
}

fn failed(error: impl Display) -> HashError {
    HashError::Failed(error.to_string())
}

/// The PHC string of a hash.
fn encode(params: &Params, salt: &[u8], output: &[u8]) -> Result<SecretHash, HashError> {
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(failed)?,
        salt: Some(Salt::new(salt).map_err(failed)?),
        hash: Some(Output::new(output).map_err(failed)?),
    };
    Ok(SecretHash::new(hash.to_string()))
}

fn compute(
    version: Version,
    params: &Params,
    salt: &[u8],
    password: &Secret,
    output: &mut [u8],
) -> Result<(), HashError> {
    let needed = params.block_count();
    let mut memory = Vec::with_capacity(needed.max(LEAST_ROOM));
    memory.resize(needed, Block::new());
    let argon2 = Argon2::new(Algorithm::Argon2id, version, params.clone());
    argon2
        .hash_password_into_with_memory(password.expose().as_bytes(), salt, output, &mut memory)
        .map_err(failed)
}

fn check(hash: &SecretHash, password: &Secret) -> Result<bool, HashError> {
    let hash = PasswordHash::new(hash.as_str()).map_err(failed)?;
    let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
        return Err(failed("the hash has no salt or no output"));
    };
    if hash.algorithm != ARGON2ID_IDENT {
        return Err(failed("the hash is not argon2id's"));
    }
    let version = hash
        .version
        .map_or(Ok(Version::default()), Version::try_from)
        .map_err(failed)?;
    let params = Params::try_from(&hash).map_err(failed)?;
    if params.m_cost() > MOST_MEMORY {
        return Err(failed("the hash asks for too much memory"));
    }
    let mut output = vec![0; expected.len()];
    compute(version, &params, &salt, password, &mut output)?;
    Ok(output.ct_eq(expected.as_bytes()).into())
}

#[async_trait]
impl PasswordHasher for Argon2id {
    async fn hash(&self, password: &Secret) -> Result<SecretHash, HashError> {
        if password.len() > LONGEST_PASSWORD {
            return Err(HashError::Failed(format!(
                "a password has at most {LONGEST_PASSWORD} bytes"
            )));
        }
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        let (params, password) = (self.params.clone(), normalised(password));
        let hashed = self.pool.run(Turn::First("new passwords".to_owned()), move || {
            let mut output = [0; OUTPUT];
            compute(Version::V0x13, &params, &salt, &password, &mut output)?;
            encode(&params, &salt, &output)
        });
        hashed.await?
    }

    async fn verify(
        &self,
        hash: Option<&SecretHash>,
        password: &Secret,
        source: &HashSource,
    ) -> Result<bool, HashError> {
        if password.len() > LONGEST_PASSWORD {
            return Ok(false);
        }
        let is_known = hash.is_some();
        let (hash, password) = (hash.unwrap_or(&self.nothing).clone(), password.clone());
        let turn = match source {
            HashSource::Known(name) => Turn::First(name.clone()),
            HashSource::Stranger(place) => Turn::Fair(place.clone()),
        };
        let fits = self.pool.run(turn, move || {
            let normal = normalised(&password);
            // Hashes of earlier versions are of the password as it was typed.
            Ok(check(&hash, &normal)? || (normal != password && check(&hash, &password)?))
        });
        let fits = fits.await??;
        Ok(fits && is_known)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use argon2::PasswordVerifier as _;

    use super::*;
    use crate::{PoolSettings, SystemEntropy};

    fn argon2id() -> Argon2id {
        let pool = HashingPool::start("test", PoolSettings::default()).unwrap();
        Argon2id::new(
            Argon2Cost { memory: 64, passes: 1 },
            Arc::new(pool),
            Arc::new(SystemEntropy),
        )
        .unwrap()
    }

    fn stranger() -> HashSource {
        HashSource::Stranger("203.0.113.7".to_owned())
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn the_right_password_verifies_and_others_do_not() {
        let argon2id = argon2id();
        let hash = argon2id.hash(&secret("correct horse")).await.unwrap();
        assert_eq!(
            argon2id
                .verify(Some(&hash), &secret("correct horse"), &stranger())
                .await,
            Ok(true)
        );
        for wrong in [
            "correct hors",
            "correct horse\0",
            "",
            "Correct horse",
            &"x".repeat(LONGEST_PASSWORD + 1),
        ] {
            assert_eq!(
                argon2id.verify(Some(&hash), &secret(wrong), &stranger()).await,
                Ok(false),
                "{wrong}"
            );
        }
    }

    #[tokio::test]
    async fn hashes_are_salted_and_in_the_common_format() {
        let argon2id = argon2id();
        let (first, second) = (
            argon2id.hash(&secret("same")).await.unwrap(),
            argon2id.hash(&secret("same")).await.unwrap(),
        );
        assert!(first != second, "each has its own salt");
        assert!(
            first.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"),
            "{}",
            first.as_str()
        );
        // The library's own verifier, which is not the code above.
        Argon2::default().verify_password(b"same", first.as_str()).unwrap();
    }

    #[tokio::test]
    async fn an_unknown_user_has_no_password() {
        let argon2id = argon2id();
        for password in ["", "guess"] {
            assert_eq!(argon2id.verify(None, &secret(password), &stranger()).await, Ok(false));
        }
    }

    #[test]
    fn the_default_cost_is_owasps_and_nothing_costs_as_much() {
        let pool = Arc::new(HashingPool::start("test", PoolSettings::default()).unwrap());
        let argon2id = Argon2id::new(Argon2Cost::default(), pool, Arc::new(SystemEntropy)).unwrap();
        assert!(argon2id.nothing.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(check(&argon2id.nothing, &secret("guess")), Ok(false));
    }

    #[tokio::test]
    async fn a_long_password_and_a_foreign_hash_are_errors_not_panics() {
        let argon2id = argon2id();
        assert!(argon2id.hash(&secret(&"x".repeat(LONGEST_PASSWORD + 1))).await.is_err());
        assert!(argon2id.hash(&secret(&"x".repeat(LONGEST_PASSWORD))).await.is_ok());
        for foreign in [
            "",
            "$2b$04$abc",
            "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=4000000000,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(
                argon2id
                    .verify(Some(&SecretHash::new(foreign.to_owned())), &secret("x"), &stranger())
                    .await
                    .is_err(),
                "{foreign}"
            );
        }
    }

    #[tokio::test]
    async fn a_password_fits_however_its_letters_are_composed() {
        let argon2id = argon2id();
        let (composed, decomposed) = ("Stra\u{df}e \u{e4}rger", "Stra\u{df}e a\u{308}rger");
        for (set, typed) in [(composed, decomposed), (decomposed, composed), (decomposed, decomposed)] {
            let hash = argon2id.hash(&Secret::new(set.into())).await.unwrap();
            assert!(
                argon2id
                    .verify(Some(&hash), &Secret::new(typed.into()), &stranger())
                    .await
                    .unwrap()
            );
            let wrong = Secret::new("Strasse arger".into());
            assert!(!argon2id.verify(Some(&hash), &wrong, &stranger()).await.unwrap());
        }
        // As earlier versions stored it.
        let mut output = [0; OUTPUT];
        let salt = [7; 16];
        compute(
            Version::V0x13,
            &argon2id.params,
            &salt,
            &Secret::new(decomposed.into()),
            &mut output,
        )
        .unwrap();
        let old = encode(&argon2id.params, &salt, &output).unwrap();
        assert!(
            argon2id
                .verify(Some(&old), &Secret::new(decomposed.into()), &stranger())
                .await
                .unwrap()
        );
    }
}

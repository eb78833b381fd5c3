//! `client apply` with secrets that stand in files or in the environment.

use std::{fs, process::Output};

use serde_json::Value;

use crate::{code, common::Service, grant::introspect, json, stderr, stdout};

const FIRST: &str = "cs_ABCDefgh0123456789abcdefghijKLMN";
const SECOND: &str = "cs_ZYXWefgh0123456789zyxwvutsrqKLMN";

struct Desk {
    service: Service,
}

impl Desk {
    /// A service, and a file that describes a client with a secret in the file `board`.
    fn new(terms: &str) -> Self {
        let service = Service::start();
        let clients = format!("[[client]]\nname = \"Board\"\nsecretFile = \"board\"\n{terms}\n");
        fs::write(service.folder().join("clients.toml"), clients).unwrap();
        Self { service }
    }

    fn give(&self, secret: &str) -> &Self {
        fs::write(self.service.folder().join("board"), secret).unwrap();
        self
    }

    /// Applies the file; no secret may be in what is said.
    fn apply(&self, flags: &[&str]) -> Output {
        let file = self.service.folder().join("clients.toml");
        let applied = self
            .service
            .cli(&[&["client", "apply", file.to_str().unwrap()], flags].concat());
        let said = format!("{}{}", stdout(&applied), stderr(&applied));
        for secret in [FIRST, SECOND] {
            assert!(!said.contains(&secret[3..27]), "{said}");
        }
        applied
    }

    fn secrets(&self) -> Vec<Value> {
        let listed = json(&self.service, &["client", "secret", "list", "Board"]);
        listed.as_array().unwrap().clone()
    }

    /// Whether the client is who it says with this secret.
    fn opens(&self, secret: &str) -> bool {
        let client = json(&self.service, &["client", "show", "Board"]);
        let id = client["client_id"].as_str().unwrap();
        introspect(&self.service.client(), &self.service, id, secret, "x").unwrap() == 200
    }
}

#[test]
fn a_secret_from_a_file_is_added_once_and_works_at_once() {
    let desk = Desk::new("");
    let planned = stdout(&desk.give(&format!("{FIRST}\n")).apply(&["--dry-run"]));
    assert!(
        planned.contains("+ Board (new)") && planned.contains("    secret: - -> *****ghijKLMN\n"),
        "{planned}"
    );
    let applied = desk.apply(&[]);
    assert_eq!((code(&applied), stdout(&applied)), (0, planned), "{}", stderr(&applied));
    assert!(desk.opens(FIRST));
    for _ in 0..2 {
        let again = desk.apply(&[]);
        assert!(stdout(&again).starts_with("= Board ("), "{}", stdout(&again));
        assert!(stderr(&again).contains("nothing to do"), "{}", stderr(&again));
    }
    assert_eq!(desk.secrets().len(), 1);
}

#[test]
fn another_secret_in_the_file_replaces_the_one_before_with_the_time_that_it_says() {
    let desk = Desk::new("expireOthersIn = 3600");
    desk.give(FIRST).apply(&[]);
    let shown: Value = serde_json::from_str(&stdout(&desk.give(SECOND).apply(&["--output", "json"]))).unwrap();
    assert_eq!(shown[0]["action"], "change");
    assert_eq!(shown[0]["differences"][0]["field"], "secret");
    let secrets = desk.secrets();
    assert!(
        secrets[0]["expiresAt"].is_string() && secrets[1]["expiresAt"].is_null(),
        "{secrets:?}"
    );
    assert!(stdout(&desk.apply(&[])).starts_with('='));
    assert_eq!(desk.secrets(), secrets, "the deadline stays");
    assert!(desk.opens(FIRST) && desk.opens(SECOND), "both work for an hour");
}

#[test]
fn a_secret_may_be_in_the_environment() {
    let mut service = Service::start();
    service.set("BOARD_SECRET", FIRST);
    let clients = "[[client]]\nname = \"Board\"\nsecretEnv = \"BOARD_SECRET\"\n";
    fs::write(service.folder().join("clients.toml"), clients).unwrap();
    let desk = Desk { service };
    assert_eq!(code(&desk.apply(&[])), 0);
    assert!(desk.opens(FIRST));
}

#[test]
fn what_cannot_be_a_secret_is_refused_before_anything_is_changed() {
    let desk = Desk::new("");
    for (unfit, said) in [
        ("hunter2", "cs_ and 32 letters"),
        ("", "cs_ and 32 letters"),
        (&FIRST[3..], "cs_ and 32 letters"),
        ("cs_ABCDefghpasswordpasswordpassword", "not drawn at random"),
    ] {
        let refused = desk.give(unfit).apply(&[]);
        assert_eq!(code(&refused), 2, "{unfit}: {}", stderr(&refused));
        let told = stderr(&refused);
        assert!(told.contains(said) && told.contains("\"Board\""), "{told}");
        assert!(unfit.is_empty() || !told.contains(unfit), "{told}");
    }
    fs::remove_file(desk.service.folder().join("board")).unwrap();
    let missing = desk.apply(&[]);
    assert_eq!(code(&missing), 1);
    assert!(stderr(&missing).contains("cannot be read"), "{}", stderr(&missing));

    for (terms, said) in [
        ("secretFile = \"board\"\nsecretEnv = \"BOARD\"", "use one of them"),
        ("secretEnv = \"NOT_SET_AT_ALL\"", "NOT_SET_AT_ALL is not set"),
        ("expireOthersIn = 5", "secretFile or secretEnv"),
        ("secret = \"cs_in_the_file_itself\"", "unknown field `secret`"),
    ] {
        let clients = format!("[[client]]\nname = \"Board\"\n{terms}\n");
        fs::write(desk.service.folder().join("clients.toml"), clients).unwrap();
        let refused = desk.apply(&[]);
        assert_eq!(code(&refused), 2, "{terms}");
        assert!(stderr(&refused).contains(said), "{terms}: {}", stderr(&refused));
    }
    assert_eq!(
        code(&desk.service.cli(&["client", "show", "Board"])),
        1,
        "nobody was made"
    );

    desk.service.cli_ok(&["client", "create", "--name", "Board"]);
    let clients = "[[client]]\nname = \"Board\"\nsecretFile = \"board\"\n";
    fs::write(desk.service.folder().join("clients.toml"), clients).unwrap();
    desk.give(FIRST).apply(&[]);
    let alike = desk.give("cs_ABCDefghzyxwvutsrqponmlkjihgfedc").apply(&[]);
    assert_eq!(code(&alike), 1);
    assert!(stderr(&alike).contains("first eight characters"), "{}", stderr(&alike));
    assert_eq!(desk.secrets().len(), 1);
}

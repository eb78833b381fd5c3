//! The schema with everything in it: upgraded from what each older release filled, taken back a step, changed by several at
//! once, and used by the release before.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Barrier,
    thread,
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_types::{BigInt, Text},
};
use informer_oauth_domain::{client_secret::ClientSecret, device::DevicePoll, id::ClientRef};
use informer_oauth_ports::{ClientStore, UsageLog};
use informer_oauth_sqlite::{Sqlite, SqliteOptions};
use informer_oauth_testkit::{
    population::{self, Contents, DeviceContents, ShortLivedContents},
    run,
    values::{client_uid, moment},
};
use tempfile::TempDir;

/// A change of the schema.
struct Step {
    folder: PathBuf,
}

impl Step {
    fn name(&self) -> String {
        self.folder.file_name().unwrap().to_str().unwrap().to_owned()
    }

    fn version(&self) -> String {
        self.name().split_once('_').unwrap().0.replace('-', "")
    }

    fn sql(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).unwrap()
    }

    fn up(&self, database: &Database) {
        database.sql(&self.sql("up.sql"));
        let version = self.version();
        database.sql(&format!(
            "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
                 version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
             INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}');"
        ));
    }

    fn down(&self, database: &Database) {
        database.sql(&self.sql("down.sql"));
        let version = self.version();
        database.sql(&format!(
            "DELETE FROM __diesel_schema_migrations WHERE version = '{version}'"
        ));
    }

    /// What the release that ended with this step sends, if a file says so.
    fn sends(&self, what: &str) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/releases");
        fs::read_to_string(folder.join(format!("{}.{what}.sql", self.name()))).unwrap_or_default()
    }
}

/// Every change, oldest first.
fn steps() -> Vec<Step> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../migrations/sqlite");
    let entries = fs::read_dir(folder).unwrap();
    let mut steps: Vec<Step> = entries
        .map(|entry| Step {
            folder: entry.unwrap().path(),
        })
        .collect();
    steps.sort_unstable_by_key(Step::name);
    steps
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// A file, seen from outside.
struct Database {
    path: PathBuf,
    _folder: TempDir,
}

impl Database {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            path: folder.path().join("test.db"),
            _folder: folder,
        }
    }

    /// A file as the release that ended with the last of `steps` left it, filled by every release until then.
    fn filled_by(steps: &[Step]) -> Self {
        let database = Self::new();
        for step in steps {
            step.up(&database);
            database.sql(&step.sends("populate"));
        }
        database
    }

    fn connection(&self) -> SqliteConnection {
        let mut connection = SqliteConnection::establish(self.path.to_str().unwrap()).unwrap();
        connection.batch_execute("PRAGMA foreign_keys = ON").unwrap();
        connection
    }

    fn sql(&self, statements: &str) {
        self.connection().batch_execute(statements).unwrap();
    }

    fn lines(&self, query: &str) -> Vec<String> {
        let lines: Vec<Line> = diesel::sql_query(query).load(&mut self.connection()).unwrap();
        lines.into_iter().map(|row| row.line).collect()
    }

    fn tables(&self) -> Vec<String> {
        self.lines(
            "SELECT name AS line FROM sqlite_schema
             WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '__diesel_schema_migrations'
             ORDER BY name",
        )
    }

    fn count(&self, table: &str) -> i64 {
        let query = diesel::sql_query(format!("SELECT count(*) AS count FROM {table}"));
        let count: Count = query.get_result(&mut self.connection()).unwrap();
        count.count
    }

    /// Every row of every table, as text.
    fn rows(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for table in self.tables() {
            let columns = self.lines(&format!(
                "SELECT group_concat('quote(' || name || ')', ' || '','' || ') AS line FROM pragma_table_info('{table}')"
            ));
            let columns = columns.join("");
            rows.push(table.clone());
            rows.extend(self.lines(&format!("SELECT {columns} AS line FROM {table} ORDER BY 1")));
        }
        rows
    }

    fn open(&self) -> Sqlite {
        Sqlite::open(&self.path, &SqliteOptions::default()).unwrap()
    }
}

type Everything = (Contents, ShortLivedContents, DeviceContents);

async fn everything(store: &Sqlite) -> Everything {
    let lasting = population::contents(store).await.unwrap();
    let short_lived = population::short_lived_contents(store).await.unwrap();
    (lasting, short_lived, population::device_contents(store).await.unwrap())
}

/// What the ports of this release tell after what `older` releases can do had been done through them.
async fn by_this_release(older: &[Step], and_worked: bool) -> Everything {
    let has = |change: &str| older.iter().any(|step| step.name().ends_with(change));
    let database = Database::new();
    let store = database.open();
    population::populate(&store).await.unwrap();
    population::populate_short_lived(&store).await.unwrap();
    if has("_usage") {
        UsageLog::add(&store, &population::usage()).await.unwrap();
    }
    if has("_devices") {
        population::populate_devices(&store).await.unwrap();
    }
    if has("_consent_resources") {
        population::populate_consent_resources(&store).await.unwrap();
    }
    if and_worked {
        population::work(&store).await.unwrap();
    }
    let mut everything = everything(&store).await;
    if !has("_device_limits") {
        // They did not keep when a device was approved.
        for poll in &mut everything.2.polls {
            if let DevicePoll::Granted(grant) = poll {
                grant.granted_at = grant.request.issued_at;
            }
        }
    }
    everything
}

#[test]
fn every_row_that_an_older_release_wrote_is_there_after_the_upgrade() {
    run(async {
        let steps = steps();
        for older in 1..steps.len() {
            let database = Database::filled_by(&steps[..older]);
            for table in database.tables() {
                let there = database.count(&table) > 0;
                assert!(there, "tests/releases puts nothing into {table}");
            }
            let names: Vec<String> = steps[older..].iter().map(Step::name).collect();
            assert_eq!(Sqlite::migrate(&database.path, true).unwrap(), names);
            let store = database.open();
            assert_eq!(everything(&store).await, by_this_release(&steps[..older], false).await);
            // And it is as good for work as a new one.
            population::work(&store).await.unwrap();
            let worked = population::contents(&store).await.unwrap();
            assert_eq!(worked, by_this_release(&steps[..older], true).await.0);
        }
    });
}

#[test]
fn what_an_older_schema_can_hold_is_kept_on_the_way_down_to_it_and_up_again() {
    run(async {
        let steps = steps();
        for older in 1..steps.len() {
            let database = Database::filled_by(&steps[..older]);
            let before = database.rows();
            database.open().close().await;
            for step in steps[older..].iter().rev() {
                step.down(&database);
            }
            assert_eq!(database.rows(), before);
            assert_eq!(
                everything(&database.open()).await,
                by_this_release(&steps[..older], false).await
            );
        }
    });
}

#[test]
fn of_two_and_of_eight_that_upgrade_a_filled_file_at_once_one_does_and_all_succeed() {
    run(async {
        let steps = steps();
        let (newest, older) = steps.split_last().unwrap();
        let expected = by_this_release(older, false).await;
        for many in [2, 8] {
            let database = Database::filled_by(older);
            let start = Barrier::new(many);
            let migrate = || {
                start.wait();
                Sqlite::migrate(&database.path, false).unwrap()
            };
            let did: Vec<String> = thread::scope(|scope| {
                let migrating: Vec<_> = (0..many).map(|_| scope.spawn(migrate)).collect();
                migrating
                    .into_iter()
                    .flat_map(|thread| thread.join().unwrap())
                    .collect()
            });
            assert_eq!(did, [newest.name()]);
            assert_eq!(everything(&database.open()).await, expected);
        }
    });
}

#[test]
fn the_releases_before_work_on_the_newest_schema() {
    run(async {
        let database = Database::new();
        database.open().close().await;
        let steps = steps();
        let (_, older) = steps.split_last().unwrap();
        for what in ["populate", "work"] {
            for step in older {
                database.sql(&step.sends(what));
            }
        }
        let expected = by_this_release(older, true).await;
        assert_eq!(everything(&database.open()).await, expected);
    });
}

#[test]
fn a_label_outlives_the_work_of_the_releases_before() {
    run(async {
        let database = Database::new();
        let store = database.open();
        population::populate(&store).await.unwrap();
        let labelled = population::a_labelled_secret();
        store.insert_secret(&labelled, None).await.unwrap();
        store.touch_secret(labelled.uid, moment(12)).await.unwrap();
        store.close().await;
        let steps = steps();
        let (_, older) = steps.split_last().unwrap();
        for step in older {
            database.sql(&step.sends("work"));
        }
        let client = ClientRef::Uid(client_uid(1));
        let kept = database.open().registration(client).await.unwrap().unwrap();
        let expected = ClientSecret {
            last_used_at: Some(moment(12)),
            ..labelled
        };
        assert_eq!(kept.secrets.len(), 2, "another was made by the work");
        assert!(kept.secrets.contains(&expected), "{kept:?}");
    });
}

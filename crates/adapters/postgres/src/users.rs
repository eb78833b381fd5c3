//! The local users.

use async_trait::async_trait;
use diesel::{
    dsl::{case_when, count_star, exists, select},
    pg::Pg as Backend,
    prelude::*,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::FutureExt;
use informer_oauth_domain::{secret::SecretHash, timestamp::Timestamp, user::LocalUser};
use informer_oauth_ports::{Page, PageRequest, StoreError, UserDirectory, UserInsertion};

use crate::{
    Postgres,
    columns::{self, bounds, can_be_stored, time},
    failure::Failure,
    schema::users,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users, check_for_backend(Backend))]
struct UserRow {
    username: String,
    display_name: String,
    password: String,
    superuser: bool,
    locked: bool,
    created_at: i64,
    updated_at: i64,
}

impl From<&LocalUser> for UserRow {
    fn from(user: &LocalUser) -> Self {
        Self {
            username: user.username.clone(),
            display_name: user.display_name.clone(),
            password: user.password.as_str().to_owned(),
            superuser: user.superuser,
            locked: user.locked,
            created_at: user.created_at.as_micros(),
            updated_at: user.updated_at.as_micros(),
        }
    }
}

impl TryFrom<UserRow> for LocalUser {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            username: row.username,
            display_name: row.display_name,
            password: SecretHash::new(row.password),
            superuser: row.superuser,
            locked: row.locked,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}

/// The time of a change: `now`, or just after the change before where that is later.
#[diesel::dsl::auto_type]
fn later(now: Timestamp) -> _ {
    let now: i64 = now.as_micros();
    case_when(users::updated_at.ge(now), users::updated_at + 1_i64).otherwise(now)
}

#[async_trait]
impl UserDirectory for Postgres {
    async fn find(&self, username: &str) -> Result<Option<LocalUser>, StoreError> {
        if !can_be_stored(username) {
            return Ok(None);
        }
        let username = username.to_owned();
        self.call(|connection| find(connection, username).boxed()).await
    }

    async fn list(&self, page: PageRequest) -> Result<Page<LocalUser>, StoreError> {
        self.call(move |connection| list(connection, page).boxed()).await
    }

    async fn insert(&self, user: &LocalUser) -> Result<UserInsertion, StoreError> {
        let row = UserRow::from(user);
        self.call(|connection| insert(connection, row).boxed()).await
    }

    async fn insert_first(&self, user: &LocalUser) -> Result<UserInsertion, StoreError> {
        let row = UserRow::from(user);
        self.call(|connection| insert_first(connection, row).boxed()).await
    }

    async fn set_password(&self, username: &str, password: &SecretHash, now: Timestamp) -> Result<bool, StoreError> {
        if !can_be_stored(username) {
            return Ok(false);
        }
        let (username, password) = (username.to_owned(), password.as_str().to_owned());
        self.call(move |connection| set_password(connection, username, password, now).boxed())
            .await
    }

    async fn set_locked(&self, username: &str, locked: bool, now: Timestamp) -> Result<bool, StoreError> {
        if !can_be_stored(username) {
            return Ok(false);
        }
        let username = username.to_owned();
        self.call(move |connection| set_locked(connection, username, locked, now).boxed())
            .await
    }
}

async fn find(connection: &mut AsyncPgConnection, username: String) -> Result<Option<LocalUser>, Failure> {
    let row: Option<UserRow> = users::table
        .find(username)
        .select(UserRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(LocalUser::try_from).transpose()?)
}

async fn list(connection: &mut AsyncPgConnection, page: PageRequest) -> Result<Page<LocalUser>, Failure> {
    let (offset, limit) = bounds(page);
    connection
        .build_transaction()
        .repeatable_read()
        .read_only()
        .run(async |connection| {
            let total = users::table.select(count_star()).first(connection).await?;
            let rows: Vec<UserRow> = users::table
                .select(UserRow::as_select())
                .order(users::username)
                .offset(offset)
                .limit(limit)
                .load(connection)
                .await?;
            Ok(columns::page(rows, total)?)
        })
        .await
}

async fn insert(connection: &mut AsyncPgConnection, row: UserRow) -> Result<UserInsertion, Failure> {
    let rows = diesel::insert_into(users::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    Ok(if rows == 1 {
        UserInsertion::Inserted
    } else {
        UserInsertion::Taken
    })
}

/// Under a lock that lets others read the table but not write to it: there is no row yet that could be locked.
async fn insert_first(connection: &mut AsyncPgConnection, row: UserRow) -> Result<UserInsertion, Failure> {
    connection
        .transaction(async |connection| {
            connection
                .batch_execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
                .await?;
            let any: bool = select(exists(users::table.select(users::username)))
                .get_result(connection)
                .await?;
            if any {
                return Ok(UserInsertion::Taken);
            }
            diesel::insert_into(users::table)
                .values(row)
                .execute(connection)
                .await?;
            Ok(UserInsertion::Inserted)
        })
        .await
}

async fn set_password(
    connection: &mut AsyncPgConnection,
    username: String,
    password: String,
    now: Timestamp,
) -> Result<bool, Failure> {
    let rows = diesel::update(users::table.find(username))
        .set((users::password.eq(password), users::updated_at.eq(later(now))))
        .execute(connection)
        .await?;
    Ok(rows == 1)
}

async fn set_locked(
    connection: &mut AsyncPgConnection,
    username: String,
    locked: bool,
    now: Timestamp,
) -> Result<bool, Failure> {
    let rows = diesel::update(users::table.find(username))
        .set((users::locked.eq(locked), users::updated_at.eq(later(now))))
        .execute(connection)
        .await?;
    Ok(rows == 1)
}

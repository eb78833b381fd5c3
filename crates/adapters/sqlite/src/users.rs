//! The local users.

use async_trait::async_trait;
use diesel::{
    dsl::{case_when, count_star, exists, select},
    prelude::*,
    sqlite::Sqlite as Backend,
};
use informer_oauth_domain::{secret::SecretHash, timestamp::Timestamp, user::LocalUser};
use informer_oauth_ports::{Page, PageRequest, StoreError, UserDirectory, UserInsertion};

use crate::{
    Sqlite,
    columns::{self, bounds, time},
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
impl UserDirectory for Sqlite {
    async fn find(&self, username: &str) -> Result<Option<LocalUser>, StoreError> {
        let username = username.to_owned();
        self.read(move |connection| {
            let row = users::table
                .find(username)
                .select(UserRow::as_select())
                .first(connection)
                .optional()?;
            Ok(row.map(LocalUser::try_from).transpose()?)
        })
        .await
    }

    async fn list(&self, page: PageRequest) -> Result<Page<LocalUser>, StoreError> {
        let (offset, limit) = bounds(page);
        self.read(move |connection| {
            connection.transaction(|connection| -> Result<_, Failure> {
                let total = users::table.select(count_star()).first(connection)?;
                let rows: Vec<UserRow> = users::table
                    .select(UserRow::as_select())
                    .order(users::username)
                    .offset(offset)
                    .limit(limit)
                    .load(connection)?;
                Ok(columns::page(rows, total)?)
            })
        })
        .await
    }

    async fn insert(&self, user: &LocalUser) -> Result<UserInsertion, StoreError> {
        let row = UserRow::from(user);
        self.write(move |connection| {
            let rows = diesel::insert_into(users::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(connection)?;
            Ok(if rows == 1 {
                UserInsertion::Inserted
            } else {
                UserInsertion::Taken
            })
        })
        .await
    }

    async fn insert_first(&self, user: &LocalUser) -> Result<UserInsertion, StoreError> {
        let row = UserRow::from(user);
        self.write(move |connection| {
            let any: bool = select(exists(users::table.select(users::username))).get_result(connection)?;
            if any {
                return Ok(UserInsertion::Taken);
            }
            diesel::insert_into(users::table).values(row).execute(connection)?;
            Ok(UserInsertion::Inserted)
        })
        .await
    }

    async fn set_password(&self, username: &str, password: &SecretHash, now: Timestamp) -> Result<bool, StoreError> {
        let username = username.to_owned();
        let password = password.as_str().to_owned();
        self.write(move |connection| {
            let rows = diesel::update(users::table.find(username))
                .set((users::password.eq(password), users::updated_at.eq(later(now))))
                .execute(connection)?;
            Ok(rows == 1)
        })
        .await
    }

    async fn set_locked(&self, username: &str, locked: bool, now: Timestamp) -> Result<bool, StoreError> {
        let username = username.to_owned();
        self.write(move |connection| {
            let rows = diesel::update(users::table.find(username))
                .set((users::locked.eq(locked), users::updated_at.eq(later(now))))
                .execute(connection)?;
            Ok(rows == 1)
        })
        .await
    }
}

//! New token records, one statement for several.

use std::mem;

use diesel::{
    QueryResult,
    pg::Pg as Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{FutureExt, future::BoxFuture};
use informer_oauth_domain::{id::TokenRecordId, token_record::Insertion};
use uuid::Uuid;

use crate::{
    columns::can_be_stored,
    failure::Failure,
    together::{Answers, Request},
    token_rows::TokenRow,
    tokens::insert,
};

/// An index holds no longer ones for certain, in bytes; its limit is near 2700.
const LONG: usize = 2048;

impl Request for TokenRow {
    const ALONE_IS_PREPARED: bool = true;

    type Answer = Insertion;
    type Statement = InsertTogether;

    fn record(&self) -> TokenRecordId {
        TokenRecordId::new(self.id)
    }

    fn may_be_refused(&self) -> bool {
        self.username.len() > LONG || !can_be_stored(&self.username)
    }

    fn alone(self, connection: &mut AsyncPgConnection) -> BoxFuture<'_, Result<Insertion, Failure>> {
        insert(connection, self).boxed()
    }

    fn statement<'r>(requests: impl Iterator<Item = &'r Self>) -> InsertTogether {
        let mut statement = InsertTogether::default();
        requests.for_each(|row| statement.add(row));
        statement
    }

    fn together(
        statement: InsertTogether,
        connection: &mut AsyncPgConnection,
    ) -> BoxFuture<'_, Result<Answers<Insertion>, Failure>> {
        async {
            // To the end of the answer: see the crate's "acknowledged when it is committed".
            let inserted: Vec<Uuid> = statement.get_results(connection).await?;
            let inserted = inserted.into_iter();
            Ok(inserted
                .map(|id| (TokenRecordId::new(id), Ok(Insertion::Inserted)))
                .collect())
        }
        .boxed()
    }
}

/// A statement that inserts rows given column by column, so that its text is the same for any number of them.
macro_rules! insert_together {
    ($($column:ident: $value:ty as $sql:ty,)+) => {
        /// Inserts those records whose ids are not there yet, as [`insert`] does one, each record once. In the order of
        /// their ids: what another statement inserts at the same moment is waited for, and so never in a circle.
        ///
        /// It is written out because diesel's insertion of several rows has another text for each number of them, which
        /// would be prepared each time. `unnest` beside each other in the list give one row for each place of the arrays,
        /// for which a server does less than for `FROM unnest(…)`, where it first stores each column by itself.
        #[derive(Default)]
        pub(crate) struct InsertTogether {
            $($column: Vec<$value>,)+
        }

        impl InsertTogether {
            fn add(&mut self, row: &TokenRow) {
                let TokenRow { $($column,)+ } = row;
                $(self.$column.push($column.clone());)+
            }
        }

        impl QueryFragment<Backend> for InsertTogether {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
                let mut between = "INSERT INTO token_records (";
                for column in [$(stringify!($column)),+] {
                    out.push_sql(mem::replace(&mut between, ", "));
                    out.push_sql(column);
                }
                let mut between = ") SELECT unnest(";
                $(
                    out.push_sql(mem::replace(&mut between, ", unnest("));
                    out.push_bind_param::<Array<$sql>, _>(&self.$column)?;
                    out.push_sql(concat!(") AS ", stringify!($column)));
                )+
                out.push_sql(" ORDER BY id ON CONFLICT DO NOTHING RETURNING id");
                Ok(())
            }
        }
    };
}

insert_together! {
    id: Uuid as SqlUuid,
    client_uid: Uuid as SqlUuid,
    client_id: String as Text,
    username: String as Text,
    scope: String as Text,
    audience: String as Text,
    created_at: i64 as BigInt,
    expires_at: Option<i64> as Nullable<BigInt>,
    generation: Option<i64> as Nullable<BigInt>,
    current_jti: Option<Uuid> as Nullable<SqlUuid>,
    current_issued_at: Option<i64> as Nullable<BigInt>,
    previous_jti: Option<Uuid> as Nullable<SqlUuid>,
    previous_issued_at: Option<i64> as Nullable<BigInt>,
    previous_asked: Option<String> as Nullable<Text>,
    last_used_at: Option<i64> as Nullable<BigInt>,
    revoked_at: Option<i64> as Nullable<BigInt>,
    revoked_reason: Option<String> as Nullable<Text>,
}

impl QueryId for InsertTogether {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for InsertTogether {
    type SqlType = SqlUuid;
}

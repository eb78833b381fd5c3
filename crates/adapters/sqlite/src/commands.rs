//! What begins, divides and ends a transaction: as statements that diesel keeps prepared, which it does not do for texts.

use diesel::{
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    sqlite::{Sqlite as Backend, SqliteConnection},
};

macro_rules! command {
    ($name:ident, $sql:literal) => {
        #[derive(QueryId)]
        pub(crate) struct $name;

        impl QueryFragment<Backend> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        }

        impl diesel::RunQueryDsl<SqliteConnection> for $name {}
    };
}

command!(Begin, "BEGIN IMMEDIATE");
command!(Savepoint, "SAVEPOINT job");
command!(RollBack, "ROLLBACK TO job");
command!(Release, "RELEASE job");
command!(Commit, "COMMIT");

//! Servers that a test run starts for itself and throws away.

mod postgres;
mod postgres_databases;
mod programs;
pub mod redis;

pub use postgres::{THROWAWAY_POSTGRES, ThrowawayPostgres};
pub use postgres_databases::ThrowawayDatabase;

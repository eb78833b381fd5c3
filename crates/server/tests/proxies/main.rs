//! The gate behind real proxies: nginx, Envoy and Traefik with the configurations that `deploy/` ships, in front of a fake
//! Informer that says what reached it. The addresses are all that is changed.
//!
//! Each module is one chapter, and each chapter is the same for all three.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../blackbox/support/mod.rs"]
#[expect(unused_imports, reason = "a language is larger than what is said here")]
mod support;

mod callers;
mod down;
mod headers;
mod hosts;
mod long;
mod paths;
mod proxy;
mod raw;
mod routes;
mod site;
mod streams;
mod table;

/// One test for each proxy, of a function that takes a [`site::Site`].
macro_rules! behind_each {
    ($($test:ident),+ $(,)?) => {
        mod nginx {
            $(#[test]
            fn $test() {
                super::$test(&$crate::site::Site::behind($crate::proxy::Kind::Nginx));
            })+
        }
        mod envoy {
            $(#[test]
            fn $test() {
                super::$test(&$crate::site::Site::behind($crate::proxy::Kind::Envoy));
            })+
        }
        mod traefik {
            $(#[test]
            fn $test() {
                super::$test(&$crate::site::Site::behind($crate::proxy::Kind::Traefik));
            })+
        }
    };
}
pub(crate) use behind_each;

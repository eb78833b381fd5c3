//! The name, the colour and the logo of the pages (configuration.md "Brand").

use std::fs;

use tempfile::TempDir;

use crate::{common::command, support::*};

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";

/// A service with a brand, and the folder of its logo.
fn branded(file: &str, logo: &[u8], colour: &str) -> (World, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::write(&path, logo).unwrap();
    let world = World::start_with(&[
        ("INFORMER_OAUTH__BRAND__NAME", "Acme <BI> & Söhne"),
        ("INFORMER_OAUTH__BRAND__COLOUR", colour),
        ("INFORMER_OAUTH__BRAND__LOGO_FILE", path.to_str().unwrap()),
    ]);
    (world, folder)
}

/// The first address in a page that names this asset.
#[track_caller]
fn address(page: &str, asset: &str) -> String {
    let start = page.find(&format!("/oauth/assets/{asset}?v=")).unwrap();
    page[start..].split('"').next().unwrap().to_owned()
}

#[test]
fn pages_have_the_name_the_colour_and_the_logo_of_the_brand() {
    let png = images::png(48, 48);
    let (world, _folder) = branded("acme.img", &png, "#7a1fa2");
    let page = world.http.get("/oauth/sign-in").is(200).text();
    assert!(page.contains("· Acme &#60;BI&#62; &#38; Söhne</title>"), "{page}");
    assert!(!page.contains("Informer") && !page.contains("style="), "{page}");
    assert_eq!(page.matches("rel=\"stylesheet\"").count(), 1);

    let css = world.http.get(&address(&page, "pages.css")).is(200);
    assert_eq!(css.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(css.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert!(css.text().contains("--action: #7a1fa2;"));

    assert!(page.contains("rel=\"icon\" type=\"image/png\""), "{page}");
    let logo = world.http.get(&address(&page, "logo.png")).is(200);
    assert_eq!(logo.header("content-type"), Some("image/png"));
    assert_eq!(
        logo.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    assert_eq!(logo.body, png);

    let client = world.public_client();
    let consent = world.admin.open(&Ask::of(&client).page()).is(200).text();
    assert!(
        consent.contains("your Acme &#60;BI&#62; &#38; Söhne account"),
        "{consent}"
    );
}

#[test]
fn an_svg_logo_is_served_as_it_is_in_a_sandbox() {
    let (world, _folder) = branded("acme.svg", SVG.as_bytes(), "#ffd400");
    let page = world.http.get("/oauth").is(200).text();
    let logo = world.http.get(&address(&page, "logo.svg")).is(200);
    assert_eq!(logo.text(), SVG);
    assert_eq!(logo.header("content-type"), Some("image/svg+xml"));
    assert_eq!(logo.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        logo.header("content-security-policy"),
        Some("default-src 'none'; style-src 'unsafe-inline'; sandbox")
    );
}

#[test]
fn without_a_brand_it_is_informers() {
    let world = World::start();
    let page = world.http.get("/oauth/sign-in").is(200).text();
    assert!(page.contains("· Informer</title>"), "{page}");
    let css = world.http.get(&address(&page, "pages.css")).is(200).text();
    assert_eq!(css.matches("--accent:").count(), 2, "one for each scheme");
    world.http.get(&address(&page, "logo.svg")).is(200);
}

#[test]
fn what_is_no_brand_is_refused_at_the_start_by_the_settings_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let large = file("large.svg", format!("{SVG}{}", " ".repeat(64 * 1024)).as_bytes());
    let jpeg = file("logo.jpeg", &images::jpeg());
    let missing = folder.path().join("missing.png");
    for (key, value, why) in [
        ("name", "", "1 to 40 characters"),
        ("name", "two\nlines", "1 to 40 characters"),
        ("colour", "blue", "#rrggbb"),
        ("colour", "#7a7a7a", "4.5:1"),
        ("logo_file", &large, "64 KiB"),
        ("logo_file", &jpeg, "PNG, WebP or SVG"),
        ("logo_file", missing.to_str().unwrap(), "No such file"),
        ("logo_file", folder.path().to_str().unwrap(), "no file"),
    ] {
        let variable = format!("INFORMER_OAUTH__BRAND__{}", key.to_uppercase());
        let output = command(folder.path())
            .env(variable, value)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{key}={value:?}: {error}");
        assert!(
            error.contains(&format!("brand.{key}: ")) && error.contains(why),
            "{key}={value:?}: {error}"
        );
    }
    assert!(!folder.path().join("data").exists());
}

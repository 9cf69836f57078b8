//! The page: plain HTML that works without script and loads nothing. With script it takes the code out of the link's
//! fragment, which no server sees.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1.0625rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1.25rem}\
h1{font-size:1.375rem}\
label{display:block;font-weight:600}\
input{font:1.25rem ui-monospace,monospace;letter-spacing:.1em;padding:.5rem .75rem;margin:.25rem 0 1rem;width:11rem}\
button{font:inherit;padding:.5rem 1rem;margin:0 .5rem .5rem 0}\
.wrong{border-left:.25rem solid #b3261e;padding-left:.75rem}";

const SCRIPT: &str = "\
const code=decodeURIComponent(location.hash.slice(1));\
if(/^[A-Za-z2-7]{4}-?[A-Za-z2-7]{4}$/.test(code)){\
document.getElementById('code').value=code;\
history.replaceState(null,'',location.pathname)}";

/// A heading and what it means.
pub(super) struct Words {
    title: &'static str,
    paragraphs: &'static [&'static str],
}

pub(super) static SIGNED_UP: Words = Words {
    title: "Your address is proven",
    paragraphs: &["Your account is there. You can close this page and sign in."],
};

pub(super) static SIGN_UP_ENDED: Words = Words {
    title: "The sign-up has been ended",
    paragraphs: &["There is no account, and the code works no more. You need not do anything else."],
};

pub(super) static ONE_MORE: Words = Words {
    title: "One more code is on its way",
    paragraphs: &[
        "Thank you. This mailbox receives mail from the developer portal.",
        "Customers will write from addresses that this mailbox has never seen. So a second mail is on its way, from a \
         sender it does not know: please give the code in it back as well. If it does not arrive, look for it among \
         junk, and have whoever runs the mailbox let strangers write to it.",
    ],
};

pub(super) static CONFIRMED: Words = Words {
    title: "The mailbox is confirmed",
    paragraphs: &[
        "Thank you. Customers will be shown this address and may write to it. You can close this page.",
    ],
};

pub(super) static DISOWNED: Words = Words {
    title: "No more codes will come",
    paragraphs: &[
        "The vendor is told that this is not its mailbox, and no vendor can have a code sent here any more.",
        "Should you want that after all, ask the staff of the developer portal to let the address in again.",
    ],
};

/// Told of every code that does not work, whatever the reason.
pub(super) const WRONG: &str = "This code does not work here. It may be mistyped, used already or too old. If it is, \
                                have another mail sent.";

/// Asks for the code; after one that did not work with the reason.
pub(super) fn form(is_contact: bool, wrong: Option<&str>) -> HttpResponse {
    let (title, asks, no) = if is_contact {
        (
            "Does this mailbox receive mail?",
            "A vendor named it as its contact at the developer portal. If that is right, give the code from the mail \
             back; customers will then be shown the address.",
            "This is not the vendor\u{2019}s mailbox",
        )
    } else {
        (
            "Is this your address?",
            "Somebody, most likely you, signed up at the developer portal with it. Give the code from the mail back to \
             go on.",
            "It was not me",
        )
    };
    let wrong =
        wrong.map(|words| format!("<p class=\"wrong\" role=\"alert\">{words}</p>")).unwrap_or_default();
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let body = format!(
        "<p>{asks}</p>{wrong}<form method=\"post\"><label for=\"code\">Code</label>\
         <input id=\"code\" name=\"code\" required maxlength=\"20\" autocomplete=\"one-time-code\" \
         autocapitalize=\"characters\" spellcheck=\"false\"><div>\
         <button name=\"answer\" value=\"yes\">Confirm</button><button name=\"answer\" value=\"no\">{no}</button>\
         </div></form><script>{SCRIPT}</script>"
    );
    respond(status, title, &body)
}

/// What an answer did.
pub(super) fn done(words: &Words) -> HttpResponse {
    let body = format!("<p>{}</p>", words.paragraphs.join("</p><p>"));
    respond(StatusCode::OK, words.title, &body)
}

/// Another site sent the form.
pub(super) fn from_elsewhere() -> HttpResponse {
    let body = "<p>The form was sent from another site. Open the link in the mail and confirm there.</p>";
    respond(StatusCode::FORBIDDEN, "Nothing was changed", body)
}

fn respond(status: StatusCode, title: &str, body: &str) -> HttpResponse {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\">\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    HttpResponseBuilder::new(status)
        .insert_header((header::CONTENT_SECURITY_POLICY, security_policy()))
        .content_type("text/html; charset=utf-8")
        .body(page)
}

/// Lets the one style and the one script apply, lets the form be sent here, and nothing else.
fn security_policy() -> String {
    let hash = |text: &str| BASE64.encode(&Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

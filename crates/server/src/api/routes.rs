//! The table of routes. Registration, authorisation and the OpenAPI document follow it; a handler that is
//! not in it can't be reached.

use super::{
    Endpoint, Shape, Who, accounts, allowances, commands, contacts, door, gateways, groups, integrations,
    lookup, mail, me, notices, oauth, policy, production_groups, promotions, proofs, quota, service,
    sessions, sign_ups, sites, usage,
};
use crate::{
    middleware::gate,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpResponse, Resource, Route, guard,
    http::Method,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

macro_rules! routes {
    ($($operation:ident $route:literal $who:ident $shape:ident $($handler:ident)::+;)+) => {
        /// Every operation there is.
        pub static ROUTES: &[Endpoint] = &[$(Endpoint {
            route: $route,
            operation: stringify!($operation),
            who: Who::$who,
            shape: Shape::$shape,
            bind: |route| route.to($($handler)::+::handle),
        }),+];
    };
}

routes! {
    start_sign_up "POST /v1/sign-ups" Public Command sign_ups::start;
    prove_sign_up "POST /v1/sign-ups/{sign_up}/proof" Public Command sign_ups::prove;
    show_proof "GET /proofs/{proof}" Public Apart proofs::show;
    answer_proof "POST /proofs/{proof}" Public Apart proofs::answer;
    sign_in "POST /v1/sessions" Public Apart sessions::sign_in;
    sign_out "DELETE /v1/sessions/current" SignedIn Apart sessions::sign_out;
    get_me "GET /v1/me" Developer Read me::get;
    list_groups "GET /v1/groups" Developer Read groups::list;
    create_group "POST /v1/groups" Developer Command groups::create;
    get_group "GET /v1/groups/{group}" Developer Read groups::get;
    rename_group "PATCH /v1/groups/{group}" Developer Change groups::rename;
    get_quota "GET /v1/groups/{group}/quota" SignedIn Read quota::get;
    get_usage "GET /v1/groups/{group}/usage" SignedIn Read usage::get;
    get_shares "GET /v1/groups/{group}/shares" Developer Read allowances::get_shares;
    declare_shares "PUT /v1/groups/{group}/shares" Developer Change allowances::declare_shares;
    get_group_timeline "GET /v1/groups/{group}/timeline" SignedIn Read groups::timeline;
    list_sites "GET /v1/groups/{group}/sites" Developer Read sites::list;
    remove_site "DELETE /v1/groups/{group}/sites/{site}" Developer Command sites::remove;
    list_notices "GET /v1/notices" Developer Read notices::list;
    list_integrations "GET /v1/integrations" Developer Read integrations::list;
    register_integration "POST /v1/integrations" Developer Command integrations::register;
    get_integration "GET /v1/integrations/{integration}" Developer Read integrations::get;
    declare_integration "PUT /v1/integrations/{integration}" Developer Change integrations::declare;
    issue_secret "POST /v1/integrations/{integration}/secrets" Developer Command integrations::issue_secret;
    revoke_secret "DELETE /v1/integrations/{integration}/secrets/{secret}" Developer Change integrations::revoke_secret;
    set_test_mode "PUT /v1/integrations/{integration}/secrets/{secret}/test-mode" Developer Change integrations::set_test_mode;
    move_integration "POST /v1/integrations/{integration}/move" Developer Command integrations::move_to;
    list_accounts "GET /v1/production-accounts" Developer Read accounts::list;
    open_account "POST /v1/production-accounts" Developer Command accounts::open;
    get_account "GET /v1/production-accounts/{account}" Developer Read accounts::get;
    declare_contact "PUT /v1/production-accounts/{account}/contact" Developer Change accounts::declare_contact;
    request_challenge "POST /v1/production-accounts/{account}/contact/challenges" Developer Command accounts::request_challenge;
    prove_contact "POST /v1/production-accounts/{account}/contact/challenges/{challenge}/proof" Developer Command accounts::prove_contact;
    request_check "POST /v1/production-accounts/{account}/contact/checks" Developer Command accounts::request_check;
    list_production_groups "GET /v1/production-groups" Developer Read production_groups::list;
    draft_production_group "POST /v1/production-groups" Developer Command production_groups::draft;
    get_production_group "GET /v1/production-groups/{group}" Developer Read production_groups::get;
    rename_production_group "PATCH /v1/production-groups/{group}" Developer Change production_groups::rename;
    ask_limits "PUT /v1/production-groups/{group}/limits-request" Developer Change production_groups::ask_limits;
    get_checklist "GET /v1/production-groups/{group}/checklist" Developer Read production_groups::checklist;
    submit_production_group "POST /v1/production-groups/{group}/submission" Developer Change production_groups::submit;
    withdraw_production_group "POST /v1/production-groups/{group}/withdrawal" Developer Change production_groups::withdraw;
    get_timeline "GET /v1/production-groups/{group}/timeline" SignedIn Read production_groups::timeline;
    sign_in_staff "POST /v1/staff/sessions" Public Apart sessions::sign_in_staff;
    list_promotions "GET /v1/staff/promotions" Staff Read promotions::list;
    get_promotion "GET /v1/staff/promotions/{group}" Staff Read promotions::get;
    start_review "POST /v1/staff/promotions/{group}/review" Approver Change promotions::start_review;
    request_changes "POST /v1/staff/promotions/{group}/changes-request" Approver Change promotions::request_changes;
    approve_promotion "POST /v1/staff/promotions/{group}/approval" Approver Change promotions::approve;
    refuse_promotion "POST /v1/staff/promotions/{group}/refusal" Approver Change promotions::refuse;
    list_contacts "GET /v1/staff/contacts" Staff Read contacts::list;
    readmit_mailbox "POST /v1/staff/mailbox-readmissions" Approver Command mail::readmit;
    get_mail_room "GET /v1/staff/mail" Staff Apart mail::get;
    list_gateways "GET /v1/staff/gateways" Staff Read gateways::list;
    register_gateway "POST /v1/staff/gateways" Approver Command gateways::register;
    get_gateway "GET /v1/staff/gateways/{gateway}" Staff Read gateways::get;
    issue_gateway_credential "POST /v1/staff/gateways/{gateway}/credentials" Approver Command gateways::issue_credential;
    revoke_gateway_credential "DELETE /v1/staff/gateways/{gateway}/credentials/{credential}" Approver Change gateways::revoke_credential;
    retire_gateway "POST /v1/staff/gateways/{gateway}/retirement" Approver Change gateways::retire;
    get_group_allowance "GET /v1/staff/groups/{group}" Staff Read allowances::get;
    set_limits "PUT /v1/staff/groups/{group}/limits" Approver Change allowances::set_limits;
    grant_calls "POST /v1/staff/groups/{group}/grants" Approver Change allowances::grant;
    set_shadow "PUT /v1/staff/groups/{group}/shadow" Approver Change allowances::set_shadow;
    end_shadow "DELETE /v1/staff/groups/{group}/shadow" Approver Change allowances::end_shadow;
    suspend_group "POST /v1/staff/groups/{group}/suspension" Approver Change allowances::suspend;
    resume_group "POST /v1/staff/groups/{group}/resumption" Approver Change allowances::resume;
    register_site "POST /gateway/sites" Gateway Command sites::register;
    release_site "DELETE /gateway/sites/{integration}/{site}" Gateway Command sites::release;
    look_up "GET /v1/lookup/{integration}" Public Read lookup::get;
    get_command "GET /v1/commands/{command}" SignedIn Read commands::get;
    get_policy "GET /v1/policy" Public Apart policy::get;
    authorize "GET /gateway/authorize" Gateway Door door::authorize;
    authorize_by_post "POST /gateway/authorize" Gateway Door door::by_method::post;
    authorize_by_put "PUT /gateway/authorize" Gateway Door door::by_method::put;
    authorize_by_patch "PATCH /gateway/authorize" Gateway Door door::by_method::patch;
    authorize_by_delete "DELETE /gateway/authorize" Gateway Door door::by_method::delete;
    authorize_by_options "OPTIONS /gateway/authorize" Gateway Door door::by_method::options;
    auth_request "GET /gateway/auth-request" Gateway Door door::auth_request;
    get_token "POST /oauth2/token" Public Apart oauth::token;
    openapi "GET /openapi.json" Public Apart service::openapi;
    livez "GET /livez" Public Apart service::livez;
    readyz "GET /readyz" Public Apart service::readyz;
}

/// Registers the whole table.
pub(crate) fn register(config: &mut ServiceConfig) {
    register_below("/", config);
}

/// Registers what the table has below a path.
pub(crate) fn register_below(prefix: &str, config: &mut ServiceConfig) {
    let mut paths: Vec<&'static str> = Vec::new();
    for endpoint in ROUTES.iter().filter(|endpoint| endpoint.path().starts_with(prefix)) {
        if !paths.contains(&endpoint.path()) {
            paths.push(endpoint.path());
            config.service(resource(endpoint.path()));
        }
    }
    config.default_service(web::to(|| async { Err::<HttpResponse, _>(Problem::new(&kinds::NO_ROUTE)) }));
}

/// One path with all its methods; any other method is told which there are.
fn resource(path: &'static str) -> Resource {
    let on_path = || ROUTES.iter().filter(move |endpoint| endpoint.path() == path);
    let resource = on_path().fold(web::resource(path), |resource, endpoint| resource.route(route(endpoint)));
    let mut methods: Vec<&'static str> = on_path().flat_map(methods).copied().collect();
    methods.sort_unstable();
    let allow = methods.join(", ");
    resource.default_service(web::to(move || {
        let problem = Problem::new(&kinds::NO_METHOD).header("Allow", allow.clone());
        std::future::ready(Err::<HttpResponse, _>(problem))
    }))
}

fn route(endpoint: &'static Endpoint) -> Route {
    let route = if endpoint.method() == Method::GET {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
    } else {
        web::method(endpoint.method())
    };
    (endpoint.bind)(route).wrap(from_fn(move |request, next| gate::pass(endpoint, request, next)))
}

fn methods(endpoint: &Endpoint) -> &'static [&'static str] {
    match endpoint.route.split_once(' ') {
        Some(("POST", _)) => &["POST"],
        Some(("PUT", _)) => &["PUT"],
        Some(("PATCH", _)) => &["PATCH"],
        Some(("DELETE", _)) => &["DELETE"],
        Some(("OPTIONS", _)) => &["OPTIONS"],
        _ => &["GET", "HEAD"],
    }
}

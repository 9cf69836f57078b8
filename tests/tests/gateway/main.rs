//! The door behind real gateways: the files of `deploy/gateways/` as they are shipped, with nothing but their
//! marked values put in place, between a client and an API.

mod door;
mod kinds;
mod outages;
mod passing;
mod quota;
mod refusals;
mod relay;
mod running;
mod scene;
mod strangers;
mod undecided;
mod upstream;

/// What holds for every gateway is tested with each.
macro_rules! with_every_gateway {
    ($($name:ident: $kind:ident),+ $(,)?) => {$(
        mod $name {
            use crate::{kinds::Kind::$kind as THIS, outages, passing, quota, refusals, strangers};

            #[tokio::test(flavor = "multi_thread")]
            async fn exactly_the_limit_reaches_the_api_and_the_next_call_is_told_when_to_come_back() {
                quota::exactly_the_limit(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn sixteen_clients_at_once_get_exactly_the_limit_over_connections_that_are_kept() {
                quota::sixteen_clients(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn strangers_do_not_pass_and_cost_nothing() {
                strangers::do_not_pass(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn of_two_credentials_none_passes_that_is_not_the_one_counted() {
                strangers::two_credentials(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn nothing_a_client_sends_looks_like_an_outage_to_a_gateway_that_fails_open() {
                strangers::feigned_outage(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_gateway_that_the_portal_does_not_know_lets_nobody_pass_and_costs_nothing() {
                strangers::unknown_gateway(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_client_gains_nothing_by_headers_that_are_the_portals() {
                strangers::headers_of_the_portal(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_suspended_group_is_told_so() {
                refusals::suspended(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn where_each_site_has_a_limit_a_call_for_none_is_told_so() {
                refusals::without_site(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn requests_and_the_answers_of_the_api_pass_as_they_are() {
                passing::as_they_are(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn the_way_is_closed_while_the_portal_is_away_and_open_again_when_it_is_back() {
                outages::closed_until_back(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_portal_that_does_not_answer_is_not_waited_for() {
                outages::silent(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_portal_that_can_not_decide_counts_as_away() {
                outages::undecided(THIS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn the_line_that_fails_open_lets_calls_pass_while_the_portal_is_away() {
                outages::open(THIS).await;
            }
        }
    )+};
}

with_every_gateway! {
    nginx: Nginx,
    haproxy: HaProxy,
    envoy: Envoy,
    envoy_rate_limit: EnvoyRateLimit,
    traefik: Traefik,
    caddy: Caddy,
}

//! `/gateway/authorize` with the method of the call itself.

use crate::{
    gateway::{self, Dialect},
    problem::Problem,
};
use actix_web::{HttpRequest, HttpResponse};

/// One operation for each method: the API document gives each an id of its own.
macro_rules! by_method {
    ($($method:ident $operation:literal)+) => {$(
        pub(crate) mod $method {
            use super::*;

            /// May this call pass? For gateways that ask with the method of the call, as Envoy does; a body is not read.
            #[utoipa::path(
                $method, path = "/gateway/authorize", operation_id = $operation, tag = "gateway",
                responses((status = 200, description = "It may; it is counted."))
            )]
            pub(crate) async fn handle(request: HttpRequest) -> Result<HttpResponse, Problem> {
                Ok(gateway::handle(&request, Dialect::Full).await)
            }
        }
    )+};
}

by_method! {
    post "authorize_by_post"
    put "authorize_by_put"
    patch "authorize_by_patch"
    delete "authorize_by_delete"
    options "authorize_by_options"
}

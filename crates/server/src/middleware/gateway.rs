//! Which gateway makes a request of the table: by its credential, or by a signature over the request.

use crate::{
    extract::call::single,
    gateway::unsigned_kind,
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    dev::ServiceRequest,
    http::{Method, header::HeaderName},
};
use app::gateways::Signed;
use domain::ids::GatewayId;

/// The gateway that calls. What it may do here needs no more than to be known.
pub(super) async fn identify(request: &ServiceRequest, portal: &Portal) -> Result<GatewayId, Problem> {
    let headers = request.headers();
    let of = |name: &'static str| {
        let value = single(headers, &HeaderName::from_static(name));
        value.map(|value| value.map(str::trim).unwrap_or_default())
    };
    let stated = of("portal-gateway")?;
    let signature = of("portal-signature")?;
    if signature.is_empty() {
        let known = portal.app.authenticate_gateway(stated).await?;
        let known = known.ok_or_else(|| Problem::new(&kinds::GATEWAY_UNKNOWN))?;
        return if known.settings.signed {
            Err(Problem::new(&kinds::DOOR_SIGNATURE))
        } else {
            Ok(known.gateway)
        };
    }
    // The digest stands for the body: a body that differs from it is refused when it is read.
    let digest = of("content-digest")?;
    if digest.is_empty() && request.method() == Method::POST {
        return Err(Problem::new(&kinds::DOOR_SIGNATURE).detail("a signed body needs a Content-Digest"));
    }
    let (time, nonce) = (of("portal-time")?, of("portal-nonce")?);
    let parts = [request.method().as_str(), request.path(), stated, of("idempotency-key")?, digest];
    let audience = portal.audience.as_deref();
    let signed = Signed { credential: stated, time, nonce, signature, audience, parts: &parts };
    let known = portal.app.signer_of(&signed).await?;
    let known = known.and_then(|known| portal.app.use_up(&signed).map(|()| known.gateway));
    known.map_err(|unsigned| Problem::new(unsigned_kind(unsigned)))
}

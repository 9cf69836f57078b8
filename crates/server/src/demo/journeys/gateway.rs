//! A gateway: asks the portal about each call of an integration before it lets the call through.

use super::{Scene, must};
use crate::demo::{
    DemoError,
    client::{Call, Client},
    transcript::told_problem,
};

/// Name in the transcript.
pub const ACTOR: &str = "gateway";
/// Calls that pass: few, so that the limit is reached before anybody has stopped reading.
pub const CALLS: u64 = 3;

/// Asks about as many calls as the limit says, and about one more.
pub async fn ask(
    scene: &mut Scene<'_>,
    gateway: &Client,
    credential: &str,
    secret: &str,
) -> Result<(), DemoError> {
    let question = |step: String| {
        let call = Call::get(step, "/gateway/authorize").header("Portal-Gateway", credential.to_owned());
        call.header("Authorization", format!("Bearer {secret}"))
    };
    for number in 1..=CALLS {
        let call = question(format!("asks about call {number}: it may pass"));
        gateway
            .play(scene.transcript, call, |answer| {
                let left = answer.header("x-rate-limit-remaining")?;
                must(left == (CALLS - number).to_string(), &format!("{left} left is not what was expected"))?;
                Ok(format!("{left} left for {}", answer.header("portal-integration")?))
            })
            .await?;
    }
    let call = question(format!("asks about call {}: it may not", CALLS + 1)).answered(429);
    gateway
        .play(scene.transcript, call, |answer| {
            must(answer.text("/code") == Ok("gateway.quota_exceeded"), "the limit should be reached")?;
            Ok(format!("{}\nRetry-After: {}", told_problem(answer), answer.header("retry-after")?))
        })
        .await?;
    Ok(())
}

//! Schemas of texts with a form of their own: ids, and words from a fixed list. The values are made and read
//! elsewhere; here is what the OpenAPI document says of them.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, schema::Schema, schema::Type},
};

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $pattern:literal $example:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some($pattern))
                    .examples([$example])
                    .into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

texts! {
    /// Id of a developer.
    DeveloperId = "^dev_[a-z2-7]{26}$" "dev_aaaqeayeaudaocajbifqydiob4";
    /// Id of a development group.
    DevGroupId = "^grp_[a-z2-7]{26}$" "grp_aaaqeayeaudaocajbifqydiob4";
    /// Id of a production account.
    ProdAccountId = "^pac_[a-z2-7]{26}$" "pac_aaaqeayeaudaocajbifqydiob4";
    /// Id of a production group.
    ProdGroupId = "^prd_[a-z2-7]{26}$" "prd_aaaqeayeaudaocajbifqydiob4";
    /// Id of a group of either kind.
    GroupId = "^(grp|prd)_[a-z2-7]{26}$" "grp_aaaqeayeaudaocajbifqydiob4";
    /// Id of a member of staff.
    StaffId = "^stf_[a-z2-7]{26}$" "stf_aaaqeayeaudaocajbifqydiob4";
    /// Id of a submission.
    SubmissionId = "^sub_[a-z2-7]{26}$" "sub_aaaqeayeaudaocajbifqydiob4";
    /// Id of an API secret.
    SecretId = "^sec_[a-z2-7]{26}$" "sec_aaaqeayeaudaocajbifqydiob4";
    /// Id of a gateway.
    GatewayId = "^gtw_[a-z2-7]{26}$" "gtw_aaaqeayeaudaocajbifqydiob4";
    /// Id of a gateway's credential.
    GatewayCredentialId = "^gwc_[a-z2-7]{26}$" "gwc_aaaqeayeaudaocajbifqydiob4";
    /// Id of a customer site, as the platform gives it.
    SiteId = "^[!-~]{1,64}$" "9e7e2c0b-39e0-4955-ad6e-cbd5750e3f5f";
    /// Id of a challenge.
    ChallengeId = "^itt_[a-z2-7]{26}$" "itt_aaaqeayeaudaocajbifqydiob4";
    /// Id of a sign-up.
    SignUpId = "^sgn_[a-z2-7]{26}$" "sgn_aaaqeayeaudaocajbifqydiob4";
    /// Id of a command.
    CommandId = "^cmd_[a-z2-7]{26}$" "cmd_aaaqeayeaudaocajbifqydiob4";
    /// Integration ID: what customers install by.
    IntegrationId = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$" "9e7e2c0b-39e0-4955-ad6e-cbd5750e3f5f";
    /// Session token.
    SessionToken = "^dpt_[a-z2-7]{59}$" "dpt_aaaqeayeaudaocajbifqydiob4aaaqeayeaudaocajbifqydiob4aaaqeay";
    /// Credential of a gateway.
    GatewayToken = "^dpg_[a-z2-7]{59}$" "dpg_aaaqeayeaudaocajbifqydiob4aaaqeayeaudaocajbifqydiob4aaaqeay";
    /// Key that a gateway signs with.
    SigningKey = "^dpk_[a-z2-7]{52}$" "dpk_aaaqeayeaudaocajbifqydiob4aaaqeayeaudaocajbifqydiob4";
    /// API secret.
    ApiSecret = "^dps_[a-z2-7]{59}$" "dps_aaaqeayeaudaocajbifqydiob4aaaqeayeaudaocajbifqydiob4aaaqeay";
}

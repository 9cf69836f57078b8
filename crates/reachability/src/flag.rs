//! Flags: what is worth knowing beside the verdict, each with a name and plain words.

/// Declares the flags, so that none can lack a name or words.
macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $words:literal;)*) => {
        /// What is worth knowing beside the verdict. Reachability and policy are apart: a flag never changes a verdict.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Flag { $($(#[$doc])* $name,)* }

        impl Flag {
            /// Every flag there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its stable name.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it means, for people who look after a mailbox.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

flags! {
    /// A mailbox that cannot exist was taken as well, so 250 says nothing.
    CatchAll = "CATCH_ALL",
        "The domain takes mail for any name, so taking it for this one says nothing.";
    /// A throw-away provider.
    Disposable = "DISPOSABLE",
        "A throw-away provider: tomorrow the mailbox may be somebody else's.";
    /// A provider where anybody gets a mailbox.
    FreeMail = "FREE_MAIL",
        "A provider where anybody gets a mailbox; a mailbox under your own domain is more convincing.";
    /// A mailbox several people read.
    Role = "ROLE",
        "A mailbox several people read: a good contact.";
    /// Takes no answers.
    NoReply = "NOREPLY",
        "A mailbox that takes no answers cannot be a contact.";
    /// The name goes beyond ASCII; not every sender can write to it.
    NeedsSmtpUtf8 = "NEEDS_SMTPUTF8",
        "Not every sender can write to names with letters beyond a to z.";
    /// Some mail hosts lie outside the public internet; they were not dialled.
    MixedTargets = "MIXED_TARGETS",
        "Some of the domain's mail servers have addresses that exist only inside a network.";
    /// TLS was offered with a certificate that does not hold, or broke down.
    BrokenTls = "BROKEN_TLS",
        "The server offers TLS that does not hold: its certificate or its handshake is broken.";
    /// No MX record: the domain's own address was used (RFC 5321, 5.1).
    ImplicitMx = "IMPLICIT_MX",
        "The domain has no MX record; mail goes to its own address. An MX record is safer.";
    /// A mail host is an alias (forbidden by RFC 2181, 10.3).
    AliasedHost = "ALIASED_HOST",
        "An MX record names an alias, which is not allowed; name the host itself.";
    /// A null MX beside others (RFC 7505, 3: must be alone).
    MalformedNullMx = "MALFORMED_NULL_MX",
        "The domain has a null MX beside others; remove one or the other.";
    /// Hosts of equal preference disagree about the mailbox.
    HostsDisagree = "HOSTS_DISAGREE",
        "The domain's mail servers disagree about whether the mailbox exists.";
    /// No connection, and no host known to be there was given to tell whose trouble that is.
    EgressUntested = "EGRESS_UNTESTED",
        "Whether we reach mail servers at all was not tested.";
}

package subscribers

import (
	"slices"
	"strings"
)

// standing is what a file says of a reader: a state on the lists that the
// file joins, no list at all, or never to be mailed.
type standing struct {
	state    MembershipState // empty: active
	outside  bool            // joins no list
	suppress string          // reason to put the address on the do-not-mail list
}

// origin is a service whose exports are read as they are.
type origin struct {
	name    string
	has     [][]string        // one title of each group is in the file
	columns map[string]string // title → column of ours
	status  func(word string) standing
	whole   func(titles []string) standing // of a file that has no status column
}

// origins are the known services, tried in this order. The titles are those of
// their exports in November 2026.
var origins = []origin{
	{
		name: "Mailchimp", has: [][]string{{"email_address"}, {"member_rating", "leid", "euid"}},
		columns: map[string]string{
			"email_address": colEmail, "notes": colNote, "tags": colTags, "confirm_time": colConsent, "timezone": colZone, "cc": "country",
			"member_rating": colIgnore, "optin_time": colIgnore, "optin_ip": colIgnore, "confirm_ip": colIgnore, "latitude": colIgnore,
			"longitude": colIgnore, "gmtoff": colIgnore, "dstoff": colIgnore, "last_changed": colIgnore, "leid": colIgnore, "euid": colIgnore,
			"unsub_time": colIgnore, "unsub_campaign_title": colIgnore, "unsub_campaign_id": colIgnore, "unsub_reason": colIgnore,
			"unsub_reason_other": colIgnore, "clean_time": colIgnore, "clean_campaign_title": colIgnore, "clean_campaign_id": colIgnore,
		},
		whole: func(titles []string) standing {
			switch {
			case slices.Contains(titles, "clean_time"):
				return standing{suppress: "cleaned by Mailchimp: mail came back"}
			case slices.Contains(titles, "unsub_time"):
				return standing{state: Unsubscribed}
			}
			return standing{}
		},
	},
	{
		name: "listmonk", has: [][]string{{"uuid"}, {"attributes", "attribs"}, {"status"}, {"email"}},
		columns: map[string]string{"uuid": colIgnore, "attributes": colJSON, "attribs": colJSON, "status": colStatus, "created_at": colConsent, "updated_at": colIgnore, "id": colIgnore},
		status: func(word string) standing {
			switch word {
			case "blocklisted", "blacklisted":
				return standing{suppress: "blocklisted in listmonk"}
			case "disabled", "unsubscribed":
				return standing{state: Unsubscribed}
			case "unconfirmed":
				return standing{state: Pending}
			}
			return standing{}
		},
	},
	{
		name: "Ghost", has: [][]string{{"subscribed_to_emails", "subscribed"}, {"complimentary_plan", "labels", "stripe_customer_id"}, {"email"}},
		columns: map[string]string{
			"subscribed_to_emails": colStatus, "subscribed": colStatus, "labels": colTags, "note": colNote, "created_at": colConsent, "id": colIgnore,
			"complimentary_plan": colIgnore, "stripe_customer_id": colIgnore, "deleted_at": colIgnore, "tiers": colIgnore,
		},
		status: func(word string) standing {
			if no(word) {
				return standing{state: Unsubscribed}
			}
			return standing{}
		},
	},
	{
		name: "Substack", has: [][]string{{"email_disabled", "active_subscription"}, {"email"}},
		columns: map[string]string{
			"email_disabled": colStatus, "created_at": colConsent, "active_subscription": colIgnore, "plan": colIgnore, "expiry": colIgnore,
			"first_payment_at": colIgnore, "stripe_customer_id": colIgnore,
		},
		status: func(word string) standing {
			if word != "" && !no(word) {
				return standing{state: Unsubscribed}
			}
			return standing{}
		},
	},
	{
		name: "Buttondown", has: [][]string{{"subscriber_type", "type"}, {"metadata"}, {"email", "email_address"}},
		columns: map[string]string{
			"email_address": colEmail, "subscriber_type": colStatus, "type": colStatus, "metadata": colJSON, "tags": colTags, "notes": colNote,
			"creation_date": colConsent, "created": colConsent, "id": colIgnore, "secondary_id": colIgnore, "referrer_url": colIgnore, "source": colIgnore,
			"utm_campaign": colIgnore, "utm_medium": colIgnore, "utm_source": colIgnore, "referral_code": colIgnore, "ip_address": colIgnore,
			"last_click_date": colIgnore, "last_open_date": colIgnore, "unsubscription_date": colIgnore, "unsubscription_reason": colIgnore,
			"churn_date": colIgnore, "upgrade_date": colIgnore, "avatar_url": colIgnore, "risk_score": colIgnore, "undeliverability_date": colIgnore,
			"undeliverability_reason": colIgnore, "transitions": colIgnore, "gift_subscription_message": colIgnore, "email_transitions": colIgnore,
		},
		status: func(word string) standing {
			switch word {
			case "unsubscribed", "churned":
				return standing{state: Unsubscribed}
			case "unactivated", "pending":
				return standing{state: Pending}
			case "undeliverable", "spammy", "blocked", "complained", "malicious", "removed":
				return standing{suppress: word + " in Buttondown"}
			}
			return standing{}
		},
	},
}

// originOf recognises a service by its titles, nil where none fits.
func originOf(titles []string) *origin {
	names := make([]string, len(titles))
	for i, t := range titles {
		names[i] = fieldName(t)
	}
next:
	for i := range origins {
		for _, group := range origins[i].has {
			if !slices.ContainsFunc(group, func(t string) bool { return slices.Contains(names, t) }) {
				continue next
			}
		}
		return &origins[i]
	}
	return nil
}

// plainStatus reads a status column that the operator named: the words that
// services use for the same few things.
func plainStatus(word string) (standing, bool) {
	switch word {
	case "", "active", "subscribed", "enabled", "confirmed", "regular", "true", "yes", "1":
		return standing{}, true
	case "unsubscribed", "disabled", "inactive", "opted_out", "optout", "left", "false", "no", "0":
		return standing{state: Unsubscribed}, true
	case "pending", "unconfirmed", "unactivated":
		return standing{state: Pending}, true
	case "cleaned", "bounced", "blocklisted", "blacklisted", "blocked", "complained", "undeliverable", "suppressed":
		return standing{suppress: word + ", said the imported file"}, true
	}
	return standing{}, false
}

func no(word string) bool {
	switch word {
	case "", "false", "no", "0", "f", "n":
		return true
	}
	return false
}

// member says what a file inside an archive is by its name: Mailchimp's
// archive has one for each state, Substack's has one of readers among others.
func memberStanding(base string) (s standing, ok bool) {
	base = strings.ToLower(base)
	switch {
	case strings.HasPrefix(base, "subscribed_"):
		return standing{}, true
	case strings.HasPrefix(base, "unsubscribed_"):
		return standing{state: Unsubscribed}, true
	case strings.HasPrefix(base, "cleaned_"):
		return standing{suppress: "cleaned by Mailchimp: mail came back"}, true
	case strings.HasPrefix(base, "nonsubscribed_"), strings.HasPrefix(base, "non-subscribed_"):
		return standing{outside: true}, true
	case strings.HasPrefix(base, "email_list"):
		return standing{}, true
	}
	return standing{}, false
}

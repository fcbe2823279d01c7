// Package delivery works through an edition's recipients and records what the
// relay said. It decides whom to mail and when; it does not speak SMTP.
package delivery

package subscribers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postrider/internal/errs"
)

// Columns that are no fields of a reader. Any other name is a field's.
const (
	colEmail    = "email"
	colName     = "name"
	colLanguage = "language"
	colZone     = "zone"
	colTags     = "tags"         // separated by commas
	colNote     = "note:"        // kept with the reader, for the team only
	colStatus   = "status:"      // as the service that wrote the file says it
	colConsent  = "consent_date" // when this reader agreed
	colJSON     = "json:"        // an object whose values are fields
	colIgnore   = "-"
)

// listPrefix stands before a list's name in a column's title: its cells are
// membership states.
const listPrefix = "list:"

// aliases are the titles that a column of ours is known by, the surest first.
var aliases = []struct {
	column string
	titles []string
}{
	{colEmail, strings.Fields(`email e_mail email_address e_mail_address emailaddress mail mail_address mailaddress emails primary_email contact_email
		your_email mailadresse e_mail_adresse email_adresse emailadresse courriel adresse_e_mail adresse_email adresse_mail adresse_courriel mél
		correo correo_electronico correo_electrónico dirección_de_correo dirección_de_correo_electrónico email_del_suscriptor e_post epost e_postadress
		epostadress e_postadresse epostadresse e_mailadres emailadres e_mailadresse sähköposti sähköpostiosoite netfang tölvupóstur indirizzo_email
		indirizzo_e_mail posta_elettronica endereço_de_email endereço_de_e_mail correio_eletrónico correio_eletrônico adres_e_mail adres_email
		e_pošta e_pošta_naslov e_mailová_adresa e_mail_cím email_cím adresa_de_email adresă_de_email e_posta eposta e_posta_adresi ηλεκτρονικό_ταχυδρομείο
		электронная_почта почта адрес_электронной_почты эл_почта електронна_пошта имейл електронна_поща メール メールアドレス eメール 邮箱 电子邮件 电子邮箱
		邮件地址 電子郵件 電郵 이메일 이메일_주소 البريد_الإلكتروني بريد_إلكتروني ایمیل דואר_אלקטרוני דוא_ל אימייל ईमेल ई_मेल อีเมล subscriber address`)},
	{colName, strings.Fields(`name full_name fullname display_name your_name contact_name vollständiger_name nom_complet nombre_completo nome_completo
		nombre nome namn fullständigt_namn navn fulde_navn naam volledige_naam nimi koko_nimi imię_i_nazwisko nazwa celé_jméno meno név teljes_név
		nume_complet ad_soyad isim ονοματεπώνυμο имя фио полное_имя ім_я име 名前 氏名 お名前 姓名 이름 성명 الاسم שם שם_מלא नाम ชื่อ tên họ_và_tên`)},
	{colLanguage, strings.Fields(`language lang locale preferred_language sprache langue idioma språk sprog taal kieli lingua język jazyk nyelv limbă
		limba dil γλώσσα язык мова език 言語 语言 語言 언어 اللغة שפה भाषा ภาษา ngôn_ngữ`)},
	{colZone, strings.Fields(`zone time_zone timezone tz zeitzone fuseau_horaire zona_horaria fuso_orario fuso_horário tidszon tidszone tijdzone
		aikavyöhyke strefa_czasowa časové_pásmo időzóna fus_orar saat_dilimi часовой_пояс часовий_пояс タイムゾーン 时区 時區 시간대`)},
	{"first_name", strings.Fields(`first_name firstname fname given_name givenname forename vorname prenom prénom förnamn fornavn voornaam etunimi
		primer_nombre nombre_de_pila imię jméno křestní_jméno keresztnév utónév prenume primeiro_nome nome_próprio ad isim_ilk όνομα 名 이름_첫 الاسم_الأول שם_פרטי`)},
	{"last_name", strings.Fields(`last_name lastname lname surname family_name familyname nachname familienname nom_de_famille efternamn efternavn
		etternavn achternaam sukunimi apellido apellidos cognome sobrenome apelido nazwisko příjmení priezvisko vezetéknév nume_de_familie soyad soyadı
		επώνυμο фамилия прізвище фамилно_име 姓 苗字 성 اسم_العائلة שם_משפחה`)},
	{colTags, []string{"tags"}},
	{colConsent, []string{"consent_date", "opt_in_date", "optin_date", "date_of_consent"}},
}

// column says where the cells of one column go.
type column struct {
	name string // one of the words above or a field's name; empty: nowhere
	list string // name of the list whose states it holds
}

// columnsOf gives each title its meaning: what the operator says, then what
// the service that wrote the file is known to mean, then what the words mean.
func columnsOf(titles []string, from *origin, said map[string]string) ([]column, error) {
	out := make([]column, len(titles))
	names := make([]string, len(titles))
	taken := map[string]bool{}
	for i, title := range titles {
		title = strings.TrimSpace(unguard(title))
		if list, ok := strings.CutPrefix(title, listPrefix); ok {
			out[i].list = list
			continue
		}
		names[i] = fieldName(title)
		if names[i] == refusedLine || names[i] == refusedReason {
			names[i] = "" // of a file of refused rows
		}
	}
	fixed, err := say(out, titles, names, said)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if fixed[i] {
			taken[out[i].name] = true
			continue
		}
		out[i].name = names[i]
		if from != nil {
			if to, ok := from.columns[names[i]]; ok && names[i] != "" {
				fixed[i], out[i].name = true, to
				taken[to] = true
			}
		}
		if out[i].name == colIgnore {
			out[i].name = ""
		}
	}
	for _, a := range aliases {
		if !taken[a.column] {
			assign(out, a.column, a.titles, names, fixed)
		}
	}
	return out, checkColumns(out, names)
}

// say applies the operator's own mapping and reports which columns it fixes. A
// column is named by its title or its number, the first is 1.
func say(out []column, titles, names []string, said map[string]string) ([]bool, error) {
	fixed := make([]bool, len(titles))
	for title, to := range said {
		at := slices.IndexFunc(titles, func(t string) bool { return strings.EqualFold(t, title) })
		if at < 0 && fieldName(title) != "" {
			at = slices.Index(names, fieldName(title))
		}
		if n, err := strconv.Atoi(title); at < 0 && err == nil && n >= 1 && n <= len(titles) {
			at = n - 1
		}
		if at < 0 {
			text := fmt.Sprintf("no column has the title %q: there are %s", title, strings.Join(titles[:min(len(titles), 20)], ", "))
			if near := errs.Nearest(title, titles); near != "" {
				text += fmt.Sprintf("; did you mean %q?", near)
			}
			return nil, invalid("map", text)
		}
		var err error
		if out[at], err = target(to); err != nil {
			return nil, err
		}
		fixed[at] = true
	}
	return fixed, nil
}

// target reads where a column goes.
func target(to string) (column, error) {
	to = strings.TrimSpace(to)
	if list, ok := strings.CutPrefix(to, listPrefix); ok {
		return column{list: list}, nil
	}
	switch {
	case to == "" || to == colIgnore:
		return column{}, nil
	case to == "note" || to == "status" || to == "json":
		return column{name: to + ":"}, nil
	case fieldName(to) == "":
		return column{}, invalid("map", fmt.Sprintf("%q is no name of a field: want letters and digits", to))
	}
	return column{name: fieldName(to)}, nil
}

// assign gives the column with the surest of the titles its name.
func assign(out []column, name string, titles, names []string, fixed []bool) {
	for _, title := range titles {
		for i := range names {
			if names[i] == title && !fixed[i] {
				out[i].name = name
				return
			}
		}
	}
}

func checkColumns(all []column, names []string) error {
	seen := map[column]bool{}
	at1 := func(text string, err error) error {
		return &errs.Error{Kind: errs.Invalid, Line: 1, Text: text, Err: err}
	}
	for i, c := range all {
		switch {
		case c == column{} || c.name == colJSON:
			continue
		case seen[c]:
			return at1(fmt.Sprintf("two columns are named %q: rename one", c.name+c.list), nil)
		case len(c.name) > maxFieldName:
			return at1(fmt.Sprintf("column %d: shorten its name to %d bytes", i+1, maxFieldName), nil)
		case c.list != "" && CheckListName(c.list) != nil:
			return at1(fmt.Sprintf("column %d: no list can have this name", i+1), CheckListName(c.list))
		}
		seen[c] = true
	}
	if seen[column{name: colEmail}] {
		return nil
	}
	var titles []string
	for _, n := range names {
		if n != "" {
			titles = append(titles, n)
		}
	}
	return at1(fmt.Sprintf("no column is named email, only %s: the first line names the columns; say which one it is with --map COLUMN=email", strings.Join(titles[:min(len(titles), 8)], ", ")), nil)
}

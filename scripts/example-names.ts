/**
 * Names of the example people, by language: common given and family names, which are facts, put together at random.
 * A name of another script than Latin carries its transliteration after `=`, for the e-mail address; a family name
 * with a feminine form carries that after `/`.
 */

export interface Culture {
  readonly locale: string;
  readonly zone: string;
  readonly country: string;
  /** Family name first. */
  readonly isFamilyFirst?: true;
  /** Given and family name are written together. */
  readonly isJoined?: true;
  readonly cities: string;
  readonly women: string;
  readonly men: string;
  readonly families: string;
}

/** Names that are made of two words hold `_` for the space. */
export const cultures: readonly Culture[] = [
  {
    locale: 'en-GB',
    zone: 'Europe/London',
    country: 'United Kingdom',
    cities: 'Leeds Bristol Norwich Dundee',
    women: 'Olivia Harriet Imogen Florence Bethan Niamh Eleanor Zadie Rosalind Fiona Gwen Maeve',
    men: 'Oliver Callum Rhys Alistair Jude Desmond Rory Edmund Tariq Finlay Hugh Ciarán',
    families:
      "Ashworth Blackwood O'Connor Pemberton Llewellyn MacLeod Okafor Thistlewood Hughes Fairclough St_John Brontë Whitaker Singh-Harrow D'Arcy Cartwright Ó_Briain Kirkbride",
  },
  {
    locale: 'en-US',
    zone: 'America/Chicago',
    country: 'United States',
    cities: 'Duluth Tucson Savannah Boise',
    women: 'Madison Latoya Brooke Savannah Guadalupe Kiara Hazel Peyton Autumn Dolores Skylar Renée',
    men: 'Mason DeShawn Carter Hunter Elijah José Wyatt Jamal Chase Dakota Emmett Truman',
    families:
      'Johnson Washington Ramírez Nakamura-Lee Kowalczyk McAllister Jefferson Begay Van_Buren Delgado Whitehorse Goldberg Thompson Nguyen-Ross Beaumont Schwartz Freeman Calloway',
  },
  {
    locale: 'fr-FR',
    zone: 'Europe/Paris',
    country: 'France',
    cities: 'Nîmes Besançon Angoulême Saint-Étienne',
    women: 'Zoé Hélène Anaïs Chloé Gaëlle Inès Margaux Noémie Océane Aurélie Maëlys Françoise',
    men: 'Loïc Étienne Benoît Théo Gaël Jérôme Rémi Noël Cédric Mathéo Anaël Jean-François',
    families:
      "Lefèvre Béranger Châtelain D'Aubigné Gauthier Hébert L'Hôpital Mérimée Noël-Baptiste Pélissier Renaud Sénéchal Truchère Vauthier Cœurdevey Guérin Boulanger Façonnet",
  },
  {
    locale: 'de-DE',
    zone: 'Europe/Berlin',
    country: 'Deutschland',
    cities: 'Köln Nürnberg Gießen Lübeck',
    women: 'Anneliese Jördis Käthe Liesel Mareike Sörine Ursel Wiebke Zoë Brünhild Heike Änne',
    men: 'Björn Götz Jürgen Lüder Matthäus Sönke Thorben Uwe Jörg Kasper Friedrich Günther',
    families:
      'Müller Größmann Weißhaupt Schäfer Köhler Jäger Böttcher von_Grünau Strauß Übelacker Krüger Dörfler Lößnitz Hartung Öhlschläger Preußler Zimmermann Vogelsang',
  },
  {
    locale: 'es-ES',
    zone: 'Europe/Madrid',
    country: 'España',
    cities: 'Cádiz Logroño Ávila Málaga',
    women: 'Begoña Inés Lucía María_José Nuria Pilar Rocío Sofía Itziar Ximena Belén Concepción',
    men: 'Álvaro Íñigo Óscar Joaquín Martín Raúl Sebastián Tomás Iván Adrián Ramón Jesús',
    families:
      'García_Núñez Muñoz Peña_Ibáñez Ordóñez Zúñiga Fernández_de_Córdoba Yáñez Bermúdez Cañizares Domínguez Etxeberria Güemes López_Ávila Quiñones Sáenz Valdés Castaño Rodríguez',
  },
  {
    locale: 'pt-BR',
    zone: 'America/Sao_Paulo',
    country: 'Brasil',
    cities: 'São_Luís Goiânia Belém Florianópolis',
    women: 'Conceição Luíza Antônia Júlia Mônica Patrícia Letícia Ângela Thaís Flávia Inácia Rosângela',
    men: 'João Antônio César Luís Márcio Caetano Fábio Otávio Sérgio Tomé Vinícius Estêvão',
    families:
      'Gonçalves Araújo Conceição Simões Magalhães da_Silva dos_Santos Guimarães Brandão Falcão Leitão Mourão Queirós Sá Teixeira Vasconcelos Assunção Ferrão',
  },
  {
    locale: 'it-IT',
    zone: 'Europe/Rome',
    country: 'Italia',
    cities: 'Forlì Lucca Cefalù Trieste',
    women: 'Chiara Noemi Ludovica Beatrice Ginevra Fiammetta Costanza Zoe Rosalìa Mariù Alessia Giada',
    men: 'Niccolò Raffaele Lorenzo Ettore Cosimo Tullio Elio Gesualdo Saverio Nicolò Dante Furio',
    families:
      "D'Angelo Nicolò Bevilacqua De_Luca Malfatti Cannavò Rizzo Santorì Ferrero Dell'Orto Guicciardi Passalacqua Montanari Lo_Presti Cibò Zanetti Colonna Mancuso",
  },
  {
    locale: 'pl-PL',
    zone: 'Europe/Warsaw',
    country: 'Polska',
    cities: 'Łódź Gdańsk Rzeszów Częstochowa',
    women: 'Małgorzata Żaneta Agnieszka Bożena Grażyna Kinga Łucja Zofia Wiesława Jagoda Halszka Róża',
    men: 'Łukasz Paweł Stanisław Władysław Michał Jędrzej Bartłomiej Zdzisław Mirosław Szczepan Kuba Zbyszko',
    families:
      'Kowalski/Kowalska Wiśniewski/Wiśniewska Dąbrowski/Dąbrowska Wójcik Zając Grześkowiak Piątek Szczęsny/Szczęsna Żółkiewski/Żółkiewska Łukaszewicz Król Mądry/Mądra Śliwiński/Śliwińska Jabłoński/Jabłońska Brzęczyszczykiewicz Wróbel Gołąb Ćwikliński/Ćwiklińska',
  },
  {
    locale: 'cs-CZ',
    zone: 'Europe/Prague',
    country: 'Česko',
    cities: 'Plzeň Třebíč Děčín Zlín',
    women: 'Eliška Božena Jiřina Květa Ludmila Růžena Šárka Žofie Zdeňka Anežka Běla Kateřina',
    men: 'Jiří Ondřej Tomáš Matěj Vojtěch Zdeněk Luděk Kryštof Řehoř Šimon Bořivoj Otakar',
    families:
      'Dvořák/Dvořáková Novotný/Novotná Procházka/Procházková Kučera/Kučerová Veselý/Veselá Horáček/Horáčková Říha/Říhová Šťastný/Šťastná Žižka/Žižková Beneš/Benešová Křížek/Křížková Čapek/Čapková Vávra/Vávrová Němec/Němcová Ježek/Ježková Ptáček/Ptáčková',
  },
  {
    locale: 'sv-SE',
    zone: 'Europe/Stockholm',
    country: 'Sverige',
    cities: 'Malmö Växjö Luleå Norrköping',
    women: 'Åsa Märta Linnéa Ingegärd Hjördis Ebba Malin Tuva Göta Gärda Agneta Elsa',
    men: 'Åke Göran Håkan Sören Björn Mårten Örjan Viggo Nils Torbjörn Gösta Love',
    families:
      'Åkerström Öberg Sjöström Lindqvist Hägglund Björklund Strömbäck Nyström Rönnquist Källström Dahlgren Bäckman Sandström Löfgren Ekström Wåhlin Engström Fjällgren',
  },
  {
    locale: 'is-IS',
    zone: 'Atlantic/Reykjavik',
    country: 'Ísland',
    cities: 'Akureyri Ísafjörður Höfn Húsavík',
    women: 'Þórdís Guðrún Ásta Sólveig Hrafnhildur Æsa Ragnheiður Björk Hallgerður Ýr',
    men: 'Þorsteinn Guðmundur Árni Sigurður Ægir Hörður Ólafur Björgvin Eiríkur Óðinn',
    families:
      'Jónsson/Jónsdóttir Þórðarson/Þórðardóttir Sigurðsson/Sigurðardóttir Ólafsson/Ólafsdóttir Guðnason/Guðnadóttir Ásgeirsson/Ásgeirsdóttir Bjarnason/Bjarnadóttir Hallsson/Hallsdóttir Eiríksson/Eiríksdóttir Snæbjörnsson/Snæbjörnsdóttir',
  },
  {
    locale: 'tr-TR',
    zone: 'Europe/Istanbul',
    country: 'Türkiye',
    cities: 'İzmir Eskişehir Muğla Diyarbakır',
    women: 'Ayşe Çiğdem Şule İpek Gülşen Tuğba Yağmur Özlem Işıl Nurgül Begüm Ümran',
    men: 'Ömer Çağrı İbrahim Şükrü Uğur Oğuz Işık Gökhan Ümit Barış Yiğit Kağan',
    families:
      'Yıldız Çelik Öztürk Şahin İnönü Güneş Kılıç Aydın Doğan Koç Erdoğdu Çakır Işık Özgür Şimşek Ağaoğlu Yılmaz Tuncer',
  },
  {
    locale: 'vi-VN',
    zone: 'Asia/Ho_Chi_Minh',
    country: 'Việt Nam',
    isFamilyFirst: true,
    cities: 'Huế Đà_Nẵng Cần_Thơ Hải_Phòng',
    women: 'Thị_Hương Ngọc_Ánh Thu_Hà Bích_Thủy Kim_Liên Mỹ_Duyên Diễm_Quỳnh Như_Ý Thanh_Trúc Tuyết',
    men: 'Văn_Đức Minh_Khôi Quốc_Bảo Hữu_Phước Đình_Trọng Tuấn_Kiệt Xuân_Trường Anh_Dũng Gia_Huy Thế_Vinh',
    families: 'Nguyễn Trần Lê Phạm Huỳnh Hoàng Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý',
  },
  {
    locale: 'hu-HU',
    zone: 'Europe/Budapest',
    country: 'Magyarország',
    isFamilyFirst: true,
    cities: 'Győr Pécs Székesfehérvár Kőszeg',
    women: 'Zsófia Boglárka Ágnes Csilla Enikő Flóra Gyöngyi Ildikó Emőke Tünde Réka Erzsébet',
    men: 'László Gergő Ákos Bálint Csaba Előd György Jenő Örs Zsigmond Tibor Mátyás',
    families:
      'Nagy Szabó Tóth Kovács Horváth Kőműves Győri Szűcs Bíró Csőke Üveges Erdős Fülöp Hegedűs Juhász Lengyel Orbán Zsoldos',
  },
  {
    locale: 'ro-RO',
    zone: 'Europe/Bucharest',
    country: 'România',
    cities: 'Iași Timișoara Brăila Bistrița',
    women: 'Ștefania Ioana Mădălina Crăița Ruxandra Ilinca Păuna Anișoara Cătălina Sânziana Aglaia Smaranda',
    men: 'Ștefan Ionuț Cătălin Răzvan Bogdan Traian Mihăiță Horia Dragoș Sorin Ovidiu Vlăduț',
    families:
      'Popescu Ionescu Țiriac Brătianu Șerban Mănescu Căpățână Rădulescu Stănescu Bălan Cojocaru Găină Vădan Săndulescu Păun Lăzărescu',
  },
  {
    locale: 'nl-NL',
    zone: 'Europe/Amsterdam',
    country: 'Nederland',
    cities: "'s-Hertogenbosch Groningen IJmuiden Zwolle",
    women: 'Fleur Sanne Noor Lieke Ariëlle Jikke Maartje Loïs Zoë Tjitske Anouk Geertruida',
    men: 'Sjoerd Daan Thijs Wouter Joël Bram Jelle Noël Tjeerd IJsbrand Ruben Pieter',
    families:
      "van_der_Meer de_Vries 't_Hart Jansen IJzerman van_'t_Hof Bakker Coëns van_den_Berg Hoekstra Dijkstra Knäpper ter_Horst Visser de_Graaf Brouwer Zoetemelk op_den_Camp",
  },
  {
    locale: 'yo-NG',
    zone: 'Africa/Lagos',
    country: 'Nigeria',
    cities: 'Ìbàdàn Ọ̀yọ́ Abẹ́òkúta Òṣogbo',
    women: 'Adébísí Fọlákẹ́ Títílayọ̀ Yétúndé Ìfẹ́olúwa Ọmọlará Ṣadé Bùnmi Àbẹ̀kẹ́ Ọláníkẹ̀ẹ́',
    men: 'Adébáyọ̀ Olúwáṣeun Babátúndé Ọlálékan Ṣẹ́gun Káyọ̀dé Táíwò Kẹ́hìndé Fẹ́mi Akínwálé',
    families: 'Adéyẹmí Ọládélé Akíntọ́lá Ògúnbìyí Ṣówándé Fálọlá Ọ̀ṣúntókun Bámgbóṣé Àjàyí Ìdòwú Olúṣọlá Adélékè',
  },
  {
    locale: 'ru-RU',
    zone: 'Europe/Moscow',
    country: 'Россия',
    cities: 'Тверь Вологда Псков Томск',
    women:
      'Анна=anna Екатерина=ekaterina Ольга=olga Светлана=svetlana Людмила=lyudmila Юлия=yuliya Наталья=natalya Ксения=ksenia Фёкла=fyokla Зинаида=zinaida Дарья=darya Марья=marya',
    men: 'Алексей=aleksey Дмитрий=dmitry Сергей=sergey Пётр=pyotr Семён=semyon Юрий=yury Николай=nikolay Фёдор=fyodor Глеб=gleb Илья=ilya Тимофей=timofey Артём=artyom',
    families:
      'Иванов=ivanov/Иванова=ivanova Кузнецов=kuznetsov/Кузнецова=kuznetsova Соловьёв=solovyov/Соловьёва=solovyova Щербаков=shcherbakov/Щербакова=shcherbakova Лебедев=lebedev/Лебедева=lebedeva Журавлёв=zhuravlyov/Журавлёва=zhuravlyova Цветков=tsvetkov/Цветкова=tsvetkova Ершов=yershov/Ершова=yershova Чайкин=chaykin/Чайкина=chaykina Воробьёв=vorobyov/Воробьёва=vorobyova Мельник=melnik Бобров=bobrov/Боброва=bobrova Хохлов=khokhlov/Хохлова=khokhlova Яшин=yashin/Яшина=yashina Эйзен=eyzen Толстых=tolstykh',
  },
  {
    locale: 'uk-UA',
    zone: 'Europe/Kyiv',
    country: 'Україна',
    cities: 'Львів Київ Чернівці Ужгород',
    women:
      'Ганна=hanna Оксана=oksana Соломія=solomiia Іванна=ivanna Христина=khrystyna Любов=liubov Надія=nadiia Зоряна=zoriana Ярина=yaryna Леся=lesia',
    men: 'Андрій=andrii Тарас=taras Богдан=bohdan Ігор=ihor Остап=ostap Євген=yevhen Юрко=yurko Ґеорґій=georgii Назар=nazar Левко=levko',
    families:
      'Шевченко=shevchenko Коваленко=kovalenko Бойко=boiko Ґудзь=gudz Їжакевич=yizhakevych Кравець=kravets Чорновіл=chornovil Щур=shchur Гайдамака=haidamaka Зозуля=zozulia Лисенко=lysenko Франчук=franchuk Яремчук=yaremchuk Скляр=skliar',
  },
  {
    locale: 'bg-BG',
    zone: 'Europe/Sofia',
    country: 'България',
    cities: 'Пловдив Русе Варна Бургас',
    women:
      'Мария=maria Цветана=tsvetana Йорданка=yordanka Снежана=snezhana Райна=rayna Елица=elitsa Божидара=bozhidara Жечка=zhechka Невена=nevena Калина=kalina',
    men: 'Георги=georgi Димитър=dimitar Петър=petar Христо=hristo Стоян=stoyan Живко=zhivko Йордан=yordan Красимир=krasimir Любомир=lyubomir Асен=asen',
    families:
      'Петров=petrov/Петрова=petrova Димитров=dimitrov/Димитрова=dimitrova Стоянов=stoyanov/Стоянова=stoyanova Ангелов=angelov/Ангелова=angelova Жеков=zhekov/Жекова=zhekova Тодоров=todorov/Тодорова=todorova Йовчев=yovchev/Йовчева=yovcheva Цанков=tsankov/Цанкова=tsankova Гъбев=gabev/Гъбева=gabeva Чолаков=cholakov/Чолакова=cholakova',
  },
  {
    locale: 'el-GR',
    zone: 'Europe/Athens',
    country: 'Ελλάδα',
    cities: 'Πάτρα Βόλος Ιωάννινα Χανιά',
    women:
      'Ελένη=eleni Κατερίνα=katerina Χρυσάνθη=chrysanthi Αγγελική=angeliki Ευτυχία=eftychia Ζωή=zoi Ιουλία=ioulia Μυρτώ=myrto Ξένια=xenia Όλγα=olga',
    men: 'Γιώργος=giorgos Νίκος=nikos Δημήτρης=dimitris Αλέξανδρος=alexandros Οδυσσέας=odysseas Χρήστος=christos Ηλίας=ilias Θανάσης=thanasis Φώτης=fotis Ίωνας=ionas',
    families:
      'Παπαδόπουλος=papadopoulos/Παπαδοπούλου=papadopoulou Γεωργίου=georgiou Αγγελόπουλος=angelopoulos/Αγγελοπούλου=angelopoulou Καραγιάννης=karagiannis/Καραγιάννη=karagianni Οικονόμου=oikonomou Μακρής=makris/Μακρή=makri Βλάχος=vlachos/Βλάχου=vlachou Ξενάκης=xenakis/Ξενάκη=xenaki Ψαράς=psaras/Ψαρά=psara Ζερβός=zervos/Ζερβού=zervou Λαμπρόπουλος=lampropoulos/Λαμπροπούλου=lampropoulou Χατζής=chatzis/Χατζή=chatzi',
  },
  {
    locale: 'ar-EG',
    zone: 'Africa/Cairo',
    country: 'مصر',
    cities: 'الإسكندرية أسوان طنطا المنصورة',
    women:
      'فاطمة=fatima مريم=maryam نور=nour ليلى=layla هدى=huda سلمى=salma أمينة=amina ياسمين=yasmin رانيا=rania دعاء=duaa',
    men: 'محمد=mohamed أحمد=ahmed عمر=omar يوسف=youssef خالد=khaled إبراهيم=ibrahim حسن=hassan طارق=tarek سامي=sami كريم=karim',
    families:
      'عبد_الرحمن=abdelrahman المصري=elmasry حسين=hussein الشافعي=elshafei منصور=mansour السيد=elsayed فؤاد=fouad الزيات=elzayat بدوي=badawi قنديل=qandil رمضان=ramadan الحكيم=elhakim شاهين=shahin عثمان=osman',
  },
  {
    locale: 'fa-IR',
    zone: 'Asia/Tehran',
    country: 'ایران',
    cities: 'شیراز تبریز یزد رشت',
    women:
      'زهرا=zahra شیرین=shirin پروانه=parvaneh گیتی=giti نسرین=nasrin ژاله=zhaleh مهسا=mahsa ستاره=setareh آناهیتا=anahita لاله=laleh',
    men: 'رضا=reza کیوان=keyvan فرهاد=farhad بهرام=bahram پژمان=pezhman آرش=arash سیاوش=siavash منوچهر=manouchehr کوروش=kourosh جمشید=jamshid',
    families:
      'احمدی=ahmadi کریمی=karimi تهرانی=tehrani رضایی=rezaei پارسا=parsa گلستانی=golestani نوروزی=norouzi یزدانی=yazdani شیرازی=shirazi فروغی=foroughi چمنی=chamani بهمنی=bahmani',
  },
  {
    locale: 'he-IL',
    zone: 'Asia/Jerusalem',
    country: 'ישראל',
    cities: 'חיפה צפת אילת רחובות',
    women:
      'נועה=noa תמר=tamar יעל=yael מיכל=michal שירה=shira רבקה=rivka אסתר=esther הדס=hadas ליאת=liat אביגיל=avigail',
    men: 'דוד=david יוסף=yosef אורי=uri משה=moshe אריאל=ariel איתן=eitan נדב=nadav שמואל=shmuel גיל=gil עמוס=amos',
    families:
      'כהן=cohen לוי=levi מזרחי=mizrahi פרץ=peretz ביטון=biton אברהם=avraham פרידמן=friedman שפירא=shapira אזולאי=azoulay בן_דוד=bendavid גולן=golan צור=tzur רוזנטל=rosenthal ברק=barak',
  },
  {
    locale: 'hi-IN',
    zone: 'Asia/Kolkata',
    country: 'भारत',
    cities: 'जयपुर वाराणसी भोपाल पटना',
    women:
      'प्रिया=priya अनीता=anita सुनीता=sunita काव्या=kavya दीपिका=deepika लक्ष्मी=lakshmi मीरा=meera श्रेया=shreya रुचि=ruchi ऋतु=ritu',
    men: 'राहुल=rahul अमित=amit विक्रम=vikram संजय=sanjay कृष्ण=krishna अर्जुन=arjun हर्ष=harsh मनोज=manoj सिद्धार्थ=siddharth यश=yash',
    families:
      'शर्मा=sharma वर्मा=verma गुप्ता=gupta सिंह=singh मिश्रा=mishra त्रिपाठी=tripathi चौधरी=chaudhary अग्रवाल=agrawal जोशी=joshi श्रीवास्तव=srivastava यादव=yadav पाण्डेय=pandey ठाकुर=thakur द्विवेदी=dwivedi',
  },
  {
    locale: 'bn-BD',
    zone: 'Asia/Dhaka',
    country: 'বাংলাদেশ',
    cities: 'সিলেট খুলনা রাজশাহী চট্টগ্রাম',
    women:
      'রুমানা=rumana শর্মিলা=sharmila নাসরিন=nasrin অপর্ণা=aparna মৌসুমী=mousumi তানিয়া=tania সুমি=sumi জয়া=joya ফারহানা=farhana বৃষ্টি=brishti',
    men: 'রহিম=rahim অর্ণব=arnab সুমন=sumon তানভীর=tanvir শুভ=shuvo ইমরান=imran হাসান=hasan জয়=joy কামাল=kamal নীল=neel',
    families:
      'চৌধুরী=chowdhury খান=khan ইসলাম=islam সরকার=sarkar দাস=das মণ্ডল=mondal হক=haque বিশ্বাস=biswas মজুমদার=majumdar তালুকদার=talukdar',
  },
  {
    locale: 'ta-IN',
    zone: 'Asia/Kolkata',
    country: 'இந்தியா',
    cities: 'மதுரை சேலம் தஞ்சாவூர் கோயம்புத்தூர்',
    women:
      'மீனாட்சி=meenakshi கவிதா=kavitha செல்வி=selvi தமிழரசி=thamizharasi யாழினி=yazhini ரேவதி=revathi வள்ளி=valli நிலா=nila',
    men: 'முருகன்=murugan கார்த்திக்=karthik செல்வம்=selvam இளங்கோ=ilango அருண்=arun பாரதி=bharathi வேலு=velu தினேஷ்=dinesh',
    families:
      'சுப்பிரமணியம்=subramaniam ராமசாமி=ramasamy கிருஷ்ணன்=krishnan நடராஜன்=natarajan பழனிசாமி=palanisamy ஆறுமுகம்=arumugam சுந்தரம்=sundaram வெங்கடேசன்=venkatesan',
  },
  {
    locale: 'zh-CN',
    zone: 'Asia/Shanghai',
    country: '中国',
    isFamilyFirst: true,
    isJoined: true,
    cities: '杭州 成都 西安 苏州',
    women:
      '秀英=xiuying 丽华=lihua 静=jing 雨桐=yutong 晓梅=xiaomei 欣怡=xinyi 诗涵=shihan 婷婷=tingting 桂兰=guilan 思琪=siqi',
    men: '伟=wei 建国=jianguo 浩然=haoran 子轩=zixuan 志强=zhiqiang 明=ming 宇航=yuhang 文博=wenbo 大海=dahai 俊杰=junjie',
    families:
      '王=wang 李=li 张=zhang 刘=liu 陈=chen 杨=yang 赵=zhao 黄=huang 周=zhou 吴=wu 欧阳=ouyang 司马=sima 诸葛=zhuge 谢=xie 邓=deng 曹=cao',
  },
  {
    locale: 'zh-TW',
    zone: 'Asia/Taipei',
    country: '臺灣',
    isFamilyFirst: true,
    isJoined: true,
    cities: '臺北 高雄 臺南 花蓮',
    women: '淑芬=shufen 雅婷=yating 怡君=yijun 美玲=meiling 佩珊=peishan 詩涵=shihan 麗珠=lizhu 靜宜=jingyi',
    men: '志明=chihming 家豪=chiahao 俊賢=chunhsien 冠宇=kuanyu 建宏=chienhung 國華=kuohua 承翰=chenghan 柏廷=poting',
    families:
      '林=lin 陳=chen 黃=huang 張=chang 劉=liu 蔡=tsai 楊=yang 許=hsu 鄭=cheng 謝=hsieh 賴=lai 蘇=su 葉=yeh 歐陽=ouyang',
  },
  {
    locale: 'ja-JP',
    zone: 'Asia/Tokyo',
    country: '日本',
    isFamilyFirst: true,
    cities: '札幌 金沢 仙台 那覇',
    women:
      'さくら=sakura ひかり=hikari 美咲=misaki 陽子=yoko エリカ=erika 千尋=chihiro 由美子=yumiko かすみ=kasumi ユキ=yuki 結衣=yui',
    men: '翔太=shota 健一=kenichi たかし=takashi 大輔=daisuke ケンジ=kenji 蓮=ren 悠斗=yuto 直樹=naoki 剛=tsuyoshi つばさ=tsubasa',
    families:
      '佐藤=sato 鈴木=suzuki 高橋=takahashi 田中=tanaka 渡辺=watanabe 伊藤=ito 山本=yamamoto 中村=nakamura 小林=kobayashi 加藤=kato 斎藤=saito 長谷川=hasegawa 五十嵐=igarashi 森=mori 髙島=takashima 辻=tsuji',
  },
  {
    locale: 'ko-KR',
    zone: 'Asia/Seoul',
    country: '대한민국',
    isFamilyFirst: true,
    isJoined: true,
    cities: '부산 대구 전주 강릉',
    women:
      '서연=seoyeon 지우=jiwoo 민지=minji 하은=haeun 수빈=subin 영희=younghee 예진=yejin 유나=yuna 다은=daeun 은주=eunju',
    men: '민준=minjun 서준=seojun 도윤=doyun 현우=hyunwoo 철수=chulsoo 지훈=jihoon 준호=junho 성민=sungmin 태양=taeyang 우진=woojin',
    families:
      '김=kim 이=lee 박=park 최=choi 정=jung 강=kang 조=cho 윤=yoon 장=jang 임=lim 한=han 남궁=namgung 황보=hwangbo 신=shin',
  },
  {
    locale: 'ka-GE',
    zone: 'Asia/Tbilisi',
    country: 'საქართველო',
    cities: 'ქუთაისი ბათუმი თელავი მცხეთა',
    women: 'ნინო=nino თამარ=tamar ქეთევან=ketevan მარიამ=mariam სალომე=salome ელენე=elene ნათია=natia ხატია=khatia',
    men: 'გიორგი=giorgi დავით=davit ლევან=levan შოთა=shota ირაკლი=irakli ზურაბ=zurab ვახტანგ=vakhtang ლუკა=luka',
    families:
      'ბერიძე=beridze კაპანაძე=kapanadze გელაშვილი=gelashvili მაისურაძე=maisuradze წიკლაური=tsiklauri ჯაფარიძე=japaridze ხაჩიძე=khachidze ყიფიანი=kipiani ჭავჭავაძე=chavchavadze ღვინიაშვილი=ghviniashvili',
  },
  {
    locale: 'hy-AM',
    zone: 'Asia/Yerevan',
    country: 'Հայաստան',
    cities: 'Գյումրի Վանաձոր Գորիս Դիլիջան',
    women: 'Անահիտ=anahit Լուսինե=lusine Նարե=nare Մարիամ=mariam Շուշան=shushan Գայանե=gayane Արփինե=arpine Սոնա=sona',
    men: 'Արամ=aram Տիգրան=tigran Հայկ=hayk Վարդան=vardan Դավիթ=davit Գարեգին=garegin Սուրեն=suren Լևոն=levon',
    families:
      'Սարգսյան=sargsyan Հակոբյան=hakobyan Գրիգորյան=grigoryan Պետրոսյան=petrosyan Խաչատրյան=khachatryan Ղազարյան=ghazaryan Ծատուրյան=tsaturyan Մկրտչյան=mkrtchyan',
  },
  {
    locale: 'th-TH',
    zone: 'Asia/Bangkok',
    country: 'ประเทศไทย',
    cities: 'เชียงใหม่ ขอนแก่น ภูเก็ต อยุธยา',
    women: 'สมหญิง=somying มาลี=malee กานดา=kanda ปิยะดา=piyada สุดารัตน์=sudarat อรุณี=arunee วิภา=wipa นภา=napa',
    men: 'สมชาย=somchai ประเสริฐ=prasert วิชัย=wichai ธนากร=thanakorn กิตติ=kitti ณรงค์=narong สุรชัย=surachai ปกรณ์=pakorn',
    families:
      'แก้วมณี=kaewmanee ทองดี=thongdee ศรีสุข=srisuk บุญมา=boonma รัตนพันธ์=rattanaphan ใจดี=jaidee วงศ์สวัสดิ์=wongsawat พรหมมา=phromma',
  },
  {
    locale: 'am-ET',
    zone: 'Africa/Addis_Ababa',
    country: 'ኢትዮጵያ',
    cities: 'ጎንደር ሐረር አክሱም ባሕር_ዳር',
    women: 'ሰላም=selam ጽጌ=tsige ሃና=hana ብርቱካን=birtukan ማርታ=marta ትዕግስት=tigist አበባ=abeba ራሔል=rahel',
    men: 'አበበ=abebe ዮሐንስ=yohannes ተስፋዬ=tesfaye ዳዊት=dawit ብርሃኑ=birhanu ካሳ=kassa ገብረ=gebre ኃይሉ=hailu',
    families: 'ከበደ=kebede ተፈራ=tefera መንግሥቱ=mengistu ወልደ=wolde ታደሰ=tadesse አለሙ=alemu በቀለ=bekele ደስታ=desta',
  },
];

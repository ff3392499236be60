# what each route needs
